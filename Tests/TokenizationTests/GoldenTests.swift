// Ids and decoded text of five tokenizers against those of the library that defines the file format.

import Inference
import StrictJSON
import Testing

@Suite struct GoldenTests {
  @Test("ids and decoded text are those of the reference", arguments: Fixtures.byteLevel)
  func goldens(name: String) throws {
    let tokenizer = try Fixtures.tokenizer(name)
    let cases = try #require(Fixtures.json("\(name)/tokenizer_golden.json")["cases"]?.array)
    #expect(cases.count >= 74)
    for entry in cases {
      let text = try #require(entry["text"]?.string)
      let ids = try #require(entry["ids"]).ints
      #expect(try tokenizer.encode(text) == ids, "\(text.quotedForMessage())")
      #expect(
        try tokenizer.encode(text, special: true) == entry["ids_with_special"]?.ints,
        "\(text.quotedForMessage())")
      #expect(try tokenizer.decode(ids) == entry["decoded"]?.string)
      #expect(
        try tokenizer.decode(ids, skipSpecial: true) == entry["decoded_skip_special"]?.string)
    }
  }

  @Test(
    "ids of a corpus of scripts, marks and spaces are those of the reference",
    arguments: Fixtures.byteLevel)
  func corpus(name: String) throws {
    let tokenizer = try Fixtures.tokenizer(name)
    let texts = try #require(Fixtures.json("corpus.json")["texts"]?.array)
    let expected = try #require(Fixtures.json("corpus.json")["ids"]?[name]?.array)
    #expect(texts.count == expected.count)
    for (text, ids) in zip(texts, expected) {
      let text = try #require(text.string)
      #expect(try tokenizer.encode(text) == ids.ints, "\(text.quotedForMessage())")
    }
  }

  @Test("the vocabulary counts added tokens, and tokens that end a text are known by name")
  func properties() throws {
    let qwen = try Fixtures.tokenizer("qwen3_moe")
    #expect(qwen.vocabularySize == 1024)
    #expect(qwen.endOfText == [1019, 1021])
    #expect(qwen.id(ofAddedToken: "<think>") == 1022)
    #expect(!qwen.isSpecial(1022) && qwen.isSpecial(1021))
    #expect(qwen.beginOfText == nil)
    #expect(try Fixtures.tokenizer("deepseek_v3").beginOfText == 1020)
  }
}
