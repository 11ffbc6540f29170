// The pre-tokenizers that GGUF files name in `tokenizer.ggml.pre`.

/// How texts are cut before byte-level BPE, by the name of a GGUF file.
///
/// The names are those llama.cpp gives (enum llama_vocab_pre_type); what each stands for is the
/// `tokenizer.json` of the models it was given for, normalization included, which the file does not
/// hold.
struct GGUFPreTokenizer {
  private(set) var normalizer = Normalizer()
  private(set) var ignoresMerges = false
  private(set) var addsBOS = false
  private var splits: [String] = []

  init(_ name: String?) throws(TokenizerError) {
    guard let name else { throw .field("tokenizer.ggml.pre", rule: "is missing") }
    switch name {
    case "gpt-2", "phi-2", "mpt", "jais", "exaone4", "gigachat", "a.x-4.0", "mellum", "trillion",
      "granite-docling":
      splits = [gpt2Pattern]
    case "olmo":
      splits = [gpt2Pattern]
      normalizer.steps = [.composed]
    case "starcoder", "refact", "command-r", "smollm", "codeshell", "exaone", "minerva-7b",
      "mellum2":
      splits = [#"\p{N}"#, gpt2Pattern]
    case "llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2":
      splits = [Self.cl100k(digits: 3)]
      ignoresMerges = true
      addsBOS = true
    case "dbrx", "smaug-bpe", "chatglm-bpe":
      splits = [Self.cl100k(digits: 3)]
    case "glm4", "glm5":
      splits = [Self.cl100k(digits: 3)]
      ignoresMerges = true
    case "qwen2", "deepseek-r1-qwen", "megrez", "hunyuan", "kormo":
      splits = [Self.cl100k(digits: 1)]
      normalizer.steps = [.composed]
    case "stablelm2", "solar-open", "grok-2":
      splits = [Self.cl100k(digits: 1)]
    case "qwen35":
      splits = [Self.qwen35]
      normalizer.steps = [.composed]
    case "gpt-4o", "llama4", "kanana2", "minimax-m2":
      splits = [Self.o200k]
      ignoresMerges = name != "minimax-m2"
    case "kimi-k2":
      splits = [Self.kimiK2]
      ignoresMerges = true
    case "deepseek-v3", "hunyuan-dense", "hy_v4", "joyai-llm":
      splits = Self.deepseekV3
    case "tekken":
      splits = [Self.tekken]
      ignoresMerges = true
      addsBOS = true
    case "exaone-moe":
      splits = [Self.exaoneMoE]
    case "deepseek-llm":
      splits = Self.deepseekLLM
    case "deepseek-coder":
      splits = Self.deepseekCoder
    case "bailingmoe", "bailingmoe2", "llada-moe":
      splits = [Self.bailing]
    case "seed-coder":
      splits = [Self.seedCoder]
    default: throw .unsupported(field: "tokenizer.ggml.pre", value: name)
    }
  }

  func preTokenizer() throws(TokenizerError) -> PreTokenizer {
    var reader = PreTokenizerReader()
    for pattern in splits {
      try reader.split(pattern, .isolated, path: "tokenizer.ggml.pre")
    }
    return reader.preTokenizer
  }

  private static let contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"

  private static func cl100k(digits: Int) -> String {
    let numbers = digits == 1 ? #"\p{N}"# : #"\p{N}{1,3}"#
    return contractions + #"|[^\r\n\p{L}\p{N}]?\p{L}+|"# + numbers
      + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
  }

  private static let qwen35 =
    contractions + #"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}"#
    + #"| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#

  private static let o200k =
    #"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"#
    + contractions + #"?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+"#
    + #"[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"# + contractions
    + #"?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"#

  /// As ``o200k``, but ideographs stand by themselves.
  private static let kimiK2 =
    #"[\p{Han}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*"#
    + #"[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+"# + contractions
    + #"?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+"#
    + #"[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*"# + contractions
    + #"?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#

  /// As ``o200k`` without contractions, digit by digit (Mistral's Tekken).
  private static let tekken =
    #"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"#
    + #"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"#
    + #"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"#

  /// Words joined by single spaces stay one piece.
  private static let exaoneMoE =
    contractions + #"|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}"#
    + #"| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+"#

  private static let bailing =
    #"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}"#
    + #"| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"#

  private static let seedCoder =
    contractions + #"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"#
    + #"| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+"#

  /// The second class is the letters of scripts with two cases.
  private static let deepseekLLM = [
    #"[\r\n]"#,
    #"\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕ"#
      + "ἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-\u{1F7D}ᾀ-ᾴᾶ-ᾼ\u{1FBE}ῂ-ῄῆ-ῌῐ-\u{1FD3}ῖ-\u{1FDB}ῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤ\u{2126}ℨ"
      + "\u{212A}-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃]+",
    #"\s?[!-/:-~！-／：-～‘-‟　-。]+"#, #"\s+$"#, "[一-龥ࠀ-一가-\u{D7FF}]+", #"\p{N}+"#,
  ]

  private static let deepseekCoder = [
    #"[\r\n]"#, #"\s?\p{L}+"#, #"\s?\p{P}+"#, "[一-龥ࠀ-一가-\u{D7FF}]+", #"\p{N}"#,
  ]

  private static let deepseekV3 = [
    #"\p{N}{1,3}"#, #"[一-龥぀-ゟ゠-ヿ]+"#,
    ##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"##
      + #"| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#,
  ]
}
