// Patterns with repeated groups and word characters cut texts as the reference library does.

import Inference
import StrictJSON
import Testing

@Suite struct PatternTests {
  /// Byte-level tokens: each byte, then `pieces`, each of which is taken whole.
  private static func tokenizer(
    pattern: String, pieces: [String]
  ) throws -> (Tokenizer, JSONObject) {
    var vocabulary = JSONObject()
    let bytes = try Fixtures.json("qwen3_moe/tokenizer.json")["model"]?["vocab"]?.object?.members
    for member in (bytes ?? []) where member.key.unicodeScalars.count == 1 {
      vocabulary[member.key] = JSONValue(vocabulary.count)
    }
    for piece in pieces where vocabulary[piece] == nil {
      vocabulary[piece] = JSONValue(vocabulary.count)
    }
    let split: JSONValue = [
      "type": "Split", "pattern": ["Regex": .string(pattern)], "behavior": "Isolated",
      "invert": false,
    ]
    let byteLevel: JSONValue = [
      "type": "ByteLevel", "add_prefix_space": false, "use_regex": false,
    ]
    let tokenizer = try Tokenizer.load(
      json: [
        "model": [
          "type": "BPE", "vocab": .object(vocabulary), "merges": .array([]),
          "ignore_merges": true,
        ],
        "pre_tokenizer": ["type": "Sequence", "pretokenizers": .array([split, byteLevel])],
        "decoder": ["type": "ByteLevel"],
      ])
    return (tokenizer, vocabulary)
  }

  @Test("texts are cut where the reference cuts them", arguments: 0..<7)
  func cuts(index: Int) throws {
    let cases = try #require(Fixtures.json("patterns.json")["cases"]?.array)
    #expect(cases.count == 7)
    let entry = cases[index]
    let texts = try #require(entry["texts"]?.array)
    let all = texts.flatMap { $0["pieces"]?.array ?? [] }.compactMap(\.string)
    let (tokenizer, vocabulary) = try Self.tokenizer(
      pattern: try #require(entry["pattern"]?.string), pieces: all)
    for text in texts {
      let string = try #require(text["text"]?.string)
      let pieces = try #require(text["pieces"]?.array).map { vocabulary[$0.string ?? ""]?.int }
      #expect(try tokenizer.encode(string) == pieces, "\(string.quotedForMessage())")
    }
  }

  @Test("a repeated group as long as the text needs no deep stack")
  func longGroups() throws {
    let pattern = #"(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\s+|."#
    let (tokenizer, _) = try Self.tokenizer(pattern: pattern, pieces: [])
    let text = String(repeating: "word ", count: 100_000)
    #expect(try tokenizer.decode(tokenizer.encode(text)) == text)
  }

  @Test("a repeated group that has exponentially many ways to fail is an error, not a hang")
  func exponential() throws {
    let (tokenizer, _) = try Self.tokenizer(pattern: "(?:a+)+b", pieces: [])
    #expect(throws: TokenizerError.self) {
      try tokenizer.encode(String(repeating: "a", count: 2000))
    }
  }
}
