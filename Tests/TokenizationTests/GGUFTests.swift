// Tokenizers from GGUF metadata: the same ids as from tokenizer.json, and what is refused.

import Inference
import StrictJSON
import Testing

@Suite struct GGUFTests {
  /// The metadata a converter writes for a tokenizer.json.
  static func vocabulary(_ name: String, pre: String?) throws -> GGUFVocabulary {
    let json = try Fixtures.json("\(name)/tokenizer.json")
    var tokens = [String](repeating: "", count: 1024)
    var types = [Int](repeating: 1, count: 1024)
    for member in json["model"]?["vocab"]?.object?.members ?? [] {
      tokens[try #require(member.value.int)] = member.key
    }
    for token in json["added_tokens"]?.array ?? [] {
      let id = try #require(token["id"]?.int)
      tokens[id] = try #require(token["content"]?.string)
      types[id] = token["special"]?.bool == true ? 3 : 4
    }
    var vocabulary = GGUFVocabulary(model: "gpt2", tokens: tokens)
    vocabulary.pre = pre
    vocabulary.tokenTypes = types
    vocabulary.merges = json["model"]?["merges"]?.array?.map { merge in
      merge.string ?? merge.array?.compactMap(\.string).joined(separator: " ") ?? ""
    }
    return vocabulary
  }

  @Test(
    "ids are those of the same tokenizer's tokenizer.json",
    arguments: [
      ("deepseek_v3", "deepseek-v3"), ("gpt_oss", "gpt-4o"), ("mixtral_cl100k", "dbrx"),
      ("olmoe", "olmo"), ("qwen3_moe", "qwen2"),
    ])
  func sameIDs(name: String, pre: String) throws {
    let tokenizer = try Tokenizer.load(gguf: Self.vocabulary(name, pre: pre))
    let golden = try #require(Fixtures.json("\(name)/tokenizer_golden.json")["cases"]?.array)
    for entry in golden {
      let text = try #require(entry["text"]?.string)
      #expect(try tokenizer.encode(text) == entry["ids"]?.ints, "\(text.quotedForMessage())")
    }
    let corpus = try Fixtures.json("corpus.json")
    let texts = try #require(corpus["texts"]?.array)
    let wanted = corpus["ids"]?[name]?.array ?? []
    #expect(golden.count >= 10 && wanted.count == texts.count && !texts.isEmpty)
    for (text, ids) in zip(texts, wanted) {
      #expect(try tokenizer.encode(text.string ?? "") == ids.ints)
    }
  }

  @Test(
    "every pre-tokenizer that is known by name can be built",
    arguments: [
      "gpt-2", "starcoder", "llama-bpe", "glm4", "hunyuan", "qwen35", "solar-open", "llama4",
      "minimax-m2", "kimi-k2", "hunyuan-dense", "deepseek-coder", "deepseek-llm", "bailingmoe",
      "seed-coder", "tekken", "exaone-moe", "glm5", "granite-docling", "hy_v4",
    ])
  func knownNames(pre: String) throws {
    let tokenizer = try Tokenizer.load(gguf: Self.vocabulary("gpt_oss", pre: pre))
    let text = "I'll buy 12345 naïve 你好 things,\r\n  don't you?"
    #expect(try tokenizer.decode(tokenizer.encode(text)) == text)
  }

  @Test("begin and end tokens are added as the metadata says")
  func special() throws {
    var vocabulary = try Self.vocabulary("qwen3_moe", pre: "qwen2")
    vocabulary.bosID = 1019
    vocabulary.eosID = 1021
    vocabulary.otherEndIDs = [1020]
    #expect(try Tokenizer.load(gguf: vocabulary).encode("", special: true) == [])
    vocabulary.addsBOS = true
    vocabulary.addsEOS = true
    let tokenizer = try Tokenizer.load(gguf: vocabulary)
    #expect(try tokenizer.encode("", special: true) == [1019, 1021])
    #expect(tokenizer.endOfText == [1019, 1020, 1021])
  }

  @Test("what does not fit the vocabulary is refused by name")
  func malformed() throws {
    let sound = try Self.vocabulary("qwen3_moe", pre: "qwen2")
    let cases: [((inout GGUFVocabulary) -> Void, String)] = [
      ({ $0.model = "bert" }, #""tokenizer.ggml.model": "bert" is not supported"#),
      ({ $0.pre = nil }, #""tokenizer.ggml.pre": is missing"#),
      ({ $0.pre = "default" }, #""tokenizer.ggml.pre": "default" is not supported"#),
      ({ $0.merges = nil }, #""tokenizer.ggml.merges": is missing"#),
      ({ $0.merges = ["a zzzz"] }, #""tokenizer.ggml.merges[0]": "zzzz" is not in the vocabulary"#),
      ({ $0.tokens = [] }, #""tokenizer.ggml.tokens": is empty"#),
      ({ $0.tokens[700] = "a" }, "repeats an earlier one"),
      ({ $0.tokenTypes = [1] }, #""tokenizer.ggml.token_type": has 1 entries for 1024 tokens"#),
      ({ $0.tokenTypes?[3] = 99 }, "token 3 is of unknown type 99"),
      ({ $0.eosID = 1024 }, #""tokenizer.ggml.eos_token_id": 1024 is not in the vocabulary"#),
      ({ $0.bosID = -1 }, #""tokenizer.ggml.bos_token_id": -1 is not in the vocabulary"#),
      ({ $0.otherEndIDs = [.max] }, "eot_token_id"),
      ({ $0.hasCharacterMap = true }, "precompiled_charsmap"),
      ({ $0.removesExtraWhitespace = true }, "remove_extra_whitespaces"),
    ]
    for (change, message) in cases {
      var vocabulary = sound
      change(&vocabulary)
      #expect(Self.refusal(vocabulary)?.contains(message) == true, "\(message)")
    }
  }

  @Test("scores that are missing or no numbers, and byte tokens that are none, are refused")
  func scores() throws {
    var vocabulary = try SentencePieceTests.vocabulary().vocabulary
    vocabulary.scores?[5] = .nan
    #expect(Self.refusal(vocabulary)?.contains("the score of token 5 is not a number") == true)
    vocabulary.scores = nil
    #expect(Self.refusal(vocabulary) == #""tokenizer.ggml.scores": is missing"#)
    vocabulary.tokens[4] = "<0xZZ>"
    vocabulary.scores = [Float](repeating: 0, count: vocabulary.tokens.count)
    #expect(Self.refusal(vocabulary)?.contains("token 4 of type byte") == true)
  }

  private static func refusal(_ vocabulary: GGUFVocabulary) -> String? {
    do throws(TokenizerError) {
      _ = try Tokenizer.load(gguf: vocabulary)
      return nil
    } catch {
      return error.description
    }
  }
}
