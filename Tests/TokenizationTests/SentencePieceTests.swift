// SentencePiece BPE by scores (GGUF) and by merges (tokenizer.json), against the libraries of both.

import Inference
import StrictJSON
import Testing

@Suite struct SentencePieceTests {
  static func vocabulary() throws -> (vocabulary: GGUFVocabulary, cases: [JSONValue]) {
    let json = try Fixtures.json("sentencepiece/model.json")
    var vocabulary = GGUFVocabulary(
      model: "llama", tokens: json["tokens"]?.array?.compactMap(\.string) ?? [])
    vocabulary.scores = json["scores"]?.array?.compactMap(\.double).map { Float($0) }
    vocabulary.tokenTypes = json["token_type"]?.ints
    vocabulary.bosID = json["bos"]?.int
    vocabulary.eosID = json["eos"]?.int
    vocabulary.unknownID = json["unk"]?.int
    return (vocabulary, try #require(json["cases"]?.array))
  }

  @Test("ids and text by scores are those of sentencepiece")
  func scores() throws {
    let (vocabulary, cases) = try Self.vocabulary()
    let tokenizer = try Tokenizer.load(gguf: vocabulary)
    #expect(cases.count > 150)
    for entry in cases {
      let text = try #require(entry["text"]?.string)
      let ids = try #require(entry["ids"]).ints
      #expect(try tokenizer.encode(text) == ids, "\(text.quotedForMessage())")
      #expect(try tokenizer.encode(text, special: true) == [1] + ids)
      #expect(try tokenizer.decode(ids) == entry["decoded"]?.string)
    }
    #expect(tokenizer.endOfText == [2])
  }

  @Test("ids and text by merges are those of the reference")
  func merges() throws {
    let tokenizer = try Fixtures.tokenizer("sentencepiece")
    let golden = try Fixtures.json("sentencepiece/tokenizer_golden.json")
    for entry in try #require(golden["cases"]?.array) {
      let text = try #require(entry["text"]?.string)
      let ids = try #require(entry["ids"]).ints
      #expect(try tokenizer.encode(text) == ids, "\(text.quotedForMessage())")
      #expect(
        try tokenizer.encode(text, special: true) == entry["ids_with_special"]?.ints,
        "\(text.quotedForMessage())")
      #expect(try tokenizer.decode(ids) == entry["decoded"]?.string)
    }
  }

  @Test("decoding gives back every text that was encoded")
  func roundTrip() throws {
    let tokenizer = try Tokenizer.load(gguf: Self.vocabulary().vocabulary)
    var random = SplitMix64(seed: 4)
    for _ in 0..<500 {
      // U+2581 stands for a space in these vocabularies.
      let text = PropertyTests.text(&random).filter { $0 != "\u{2581}" }
      #expect(try Array(tokenizer.decode(tokenizer.encode(text)).utf8) == Array(text.utf8))
    }
  }

  @Test("a text of a million characters without a space is merged in one piece")
  func longWord() throws {
    let tokenizer = try Tokenizer.load(gguf: Self.vocabulary().vocabulary)
    let text = String(repeating: "themeasure", count: 100_000)
    #expect(try tokenizer.decode(tokenizer.encode(text)) == text)
  }

  @Test("a character that only longer tokens contain still merges into them")
  func placeholder() throws {
    var vocabulary = GGUFVocabulary(model: "llama", tokens: ["<unk>", "a", "xy", "xya"])
    vocabulary.scores = [0, -3, -1, -2]
    vocabulary.tokenTypes = [2, 1, 1, 1]
    vocabulary.addsSpacePrefix = false
    let tokenizer = try Tokenizer.load(gguf: vocabulary)
    #expect(try tokenizer.encode("xya") == [3])
    #expect(try tokenizer.encode("axy") == [1, 2])
    // Neither x nor y is a token; unknown characters in a row are one unknown token.
    #expect(try tokenizer.encode("yxa") == [0, 1])
    #expect(try tokenizer.encode("xyz") == [2, 0])
  }
}
