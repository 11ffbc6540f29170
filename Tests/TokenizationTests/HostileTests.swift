// Descriptions that are malformed or ask for what is not supported are refused by name.

import Inference
import StrictJSON
import Testing

@Suite struct HostileTests {
  private static func refusal(_ json: JSONValue) -> String? {
    do throws(TokenizerError) {
      _ = try Tokenizer.load(json: json)
      return nil
    } catch {
      return error.description
    }
  }

  private static func changed(_ path: String, _ text: String) throws -> String? {
    let parts = path.split(separator: ".").map(String.init)
    let value = try JSONValue(parsing: text)
    let base = try Fixtures.json("qwen3_moe/tokenizer.json")
    switch parts.count {
    case 1: return refusal(base.setting(parts[0], to: value))
    default: return refusal(base.setting(parts[0], parts[1], to: value))
    }
  }

  @Test(
    "what would change the ids and is not known is refused by name",
    arguments: [
      ("model.type", #""Unigram""#, #""model.type": "Unigram" is not supported"#),
      ("model.dropout", "0.1", #""model.dropout": "a number" is not supported"#),
      ("model.end_of_word_suffix", #""</w>""#, #""model.end_of_word_suffix": "</w>""#),
      ("model.continuing_subword_prefix", "\"##\"", "continuing_subword_prefix"),
      ("normalizer", #"{"type":"Lowercase"}"#, #""normalizer.type": "Lowercase" is not supported"#),
      ("normalizer", #"{"type":"Replace","pattern":{"Regex":"a+"},"content":""}"#, "Regex"),
      ("pre_tokenizer", #"{"type":"BertPreTokenizer"}"#, #""BertPreTokenizer" is not supported"#),
      (
        "pre_tokenizer",
        #"{"type":"Split","pattern":{"Regex":"\\ba"},"behavior":"Isolated","invert":false}"#,
        #"the pattern "\ba" has \b at character 2"#
      ),
      (
        "pre_tokenizer",
        #"{"type":"Split","pattern":{"Regex":"a*"},"behavior":"Isolated","invert":false}"#,
        "can match an empty text"
      ),
      (
        "pre_tokenizer",
        #"{"type":"Split","pattern":{"Regex":"(a*)+b"},"behavior":"Isolated","invert":false}"#,
        "a repeated group that can match nothing"
      ),
      (
        "pre_tokenizer",
        #"{"type":"Split","pattern":{"Regex":"(?:ab){9}"},"behavior":"Isolated","invert":false}"#,
        "a group repeated more than 8 times"
      ),
      (
        "pre_tokenizer",
        #"{"type":"Split","pattern":{"Regex":"a"},"behavior":"Sideways","invert":false}"#,
        "Sideways"
      ),
      ("post_processor", #"{"type":"BertProcessing"}"#, #""BertProcessing" is not supported"#),
      ("decoder", #"{"type":"WordPiece"}"#, #""decoder.type": "WordPiece" is not supported"#),
    ])
  func unsupported(path: String, value: String, message: String) throws {
    let refusal = try #require(try Self.changed(path, value))
    #expect(refusal.contains(message), "\(refusal)")
    #expect(!refusal.contains("\n") && refusal.utf8.count <= 300)
  }

  @Test(
    "malformed vocabularies, merges and added tokens are refused by name",
    arguments: [
      ("model", "[]", "model"),
      ("model.vocab", #"{"a":0,"b":0}"#, #"id 0 is also that of "a""#),
      ("model.vocab", #"{"a":-1}"#, "-1 found"),
      ("model.vocab", #"{"a":1.5}"#, "1.5 found"),
      ("model.vocab", #"{"a":9223372036854775807}"#, "9223372036854775807 found"),
      ("model.vocab", #"{"a":99999999999999999999999}"#, "99999999999999999999999 found"),
      ("model.vocab", #"{"a":"0"}"#, "a string found"),
      ("model.vocab", "[1]", "an object expected, an array found"),
      ("model.merges", #"["q zzzz"]"#, #""model.merges[0]": "zzzz" is not in the vocabulary"#),
      ("model.merges", #"["abc"]"#, "two tokens expected"),
      ("model.merges", #"["a b c"]"#, "two tokens expected"),
      ("model.merges", #"[["a"]]"#, "two tokens expected"),
      ("model.merges", "[1]", "two tokens expected"),
      ("model.merges", "{}", "an array expected, an object found"),
      ("model.unk_token", #""<none>""#, #""<none>" is not in the vocabulary"#),
      ("model.ignore_merges", "1", "true or false expected, a number found"),
      ("added_tokens", #"[{"id":1,"content":"x"}]"#, "in the vocabulary"),
      ("added_tokens", #"[{"id":-1,"content":"x"}]"#, "negative"),
      ("added_tokens", #"[{"id":9999999999,"content":"x"}]"#, "9999999999"),
      (
        "added_tokens", #"[{"id":1019,"content":"x"},{"id":1019,"content":"y"}]"#,
        "is given to another token"
      ),
      (
        "added_tokens", #"[{"id":1019,"content":"x"},{"id":1020,"content":"x"}]"#,
        "is the content of another token"
      ),
      ("added_tokens", #"[{"id":1019}]"#, #""added_tokens[0].content": is missing"#),
      ("added_tokens", #"{"id":1019}"#, "an array expected"),
      (
        "post_processor",
        #"{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"x"}},{"Sequence":{"id":"A"}}],"special_tokens":{"x":{"ids":[5000]}}}"#,
        "5000 is not in the vocabulary of 1024"
      ),
    ])
  func malformed(path: String, value: String, message: String) throws {
    let refusal = try #require(try Self.changed(path, value))
    #expect(refusal.contains(message), "\(refusal)")
    #expect(!refusal.contains("\n") && refusal.utf8.count <= 300)
  }

  @Test("a document that is no object, or lacks the model, is refused")
  func notATokenizer() throws {
    #expect(Self.refusal(.null)?.contains("an object expected") == true)
    #expect(Self.refusal(.object(JSONObject())) == #""model": is missing"#)
  }

  @Test("sequences nested without end are refused")
  func deep() throws {
    let text =
      String(repeating: #"{"type":"Sequence","normalizers":["#, count: 40)
      + String(repeating: "]}", count: 40)
    #expect(try Self.changed("normalizer", text)?.contains("nest deeper than 4") == true)
  }

  @Test("tokens that are canonically equal are still two tokens")
  func canonicalEquivalence() throws {
    let json = try JSONValue(
      parsing: """
        {"model":{"type":"BPE","vocab":{"\\u00e9":0,"e\\u0301":1,"e":2,"\\u0301":3},
        "merges":[["e","\\u0301"]]},"decoder":{"type":"Sequence","decoders":[{"type":"Fuse"}]}}
        """)
    let tokenizer = try Tokenizer.load(json: json)
    #expect(try tokenizer.encode("\u{e9}e\u{301}") == [0, 1])
    #expect(try Array(tokenizer.decode([1]).unicodeScalars) == ["e", "\u{301}"])
  }

  @Test("ids outside the vocabulary are errors", arguments: [-1, 1024, Int.max, Int.min])
  func unknownIDs(id: Int) throws {
    let tokenizer = try Fixtures.tokenizer("qwen3_moe")
    #expect(throws: TokenizerError.unknownID(id, vocabulary: 1024)) { try tokenizer.decode([id]) }
  }

  @Test("added tokens that are longer than the search can hold are refused")
  func longAddedTokens() throws {
    for (count, length) in [(1, 4100), (300, 4000)] {
      let tokens = (0..<count).map { id in
        #"{"id":\#(1019 + id),"content":"\#(id)\#(String(repeating: "x", count: length - 3))"}"#
      }
      let refusal = try Self.changed("added_tokens", "[\(tokens.joined(separator: ","))]")
      #expect(refusal?.contains("is longer than") == true)
    }
  }

  @Test(
    "documents changed at random are refused or give a tokenizer that works",
    arguments: 0..<8 as Range<UInt64>)
  func mutations(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let base = try Fixtures.json("sentencepiece/tokenizer.json")
    let replacements = try [
      "null", "true", "-1", "0", "1e300", "9223372036854775807", #""""#, #""a b""#, "[]", "{}",
      "[[]]", #"{"type":"Sequence"}"#, #"{"type":"ByteLevel"}"#, #"{"type":"Metaspace"}"#,
    ]
    .map { try JSONValue(parsing: $0) }
    for _ in 0..<60 {
      var json = base
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        json = json.mutated(by: replacements, &random)
      }
      do throws(TokenizerError) {
        let tokenizer = try Tokenizer.load(json: json)
        let ids = try tokenizer.encode("a measure <tool> of naïve tokens\r\n 12", special: true)
        _ = try tokenizer.decode(ids)
      } catch {
        #expect(!error.description.contains("\n") && error.description.utf8.count <= 400)
      }
    }
  }

  @Test("a pattern that needs too many steps on a text is an error, not a hang")
  func costlyPattern() throws {
    let base = try Fixtures.json("qwen3_moe/tokenizer.json")
    let split = #"{"type":"Split","pattern":{"Regex":"a?a*a*a*a*b"},"behavior":"Isolated"}"#
    let tokenizer = try Tokenizer.load(
      json: base.setting("pre_tokenizer", to: JSONValue(parsing: split))
        .setting("decoder", to: JSONValue(parsing: #"{"type":"Fuse"}"#)))
    #expect(throws: TokenizerError.self) {
      try tokenizer.encode(String(repeating: "a", count: 5000))
    }
  }
}
