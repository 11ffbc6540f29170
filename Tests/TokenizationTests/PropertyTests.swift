// What must hold for every text: decoding is the inverse of encoding, whole or token by token.

import Inference
import Testing

@Suite struct PropertyTests {
  /// Tokenizers without a normalizer, which changes the text.
  static let exact = ["deepseek_v3", "gpt_oss", "mixtral_cl100k"]

  static func text(_ random: inout SplitMix64) -> String {
    var text = String.UnicodeScalarView()
    for _ in 0..<Int.random(in: 0...40, using: &random) {
      let limit: UInt32 = [0x80, 0x300, 0x3400, 0x11_0000].randomElement(using: &random) ?? 0x80
      let value = UInt32.random(in: 0..<limit, using: &random)
      if let scalar = Unicode.Scalar(value) { text.append(scalar) }
    }
    return String(text)
  }

  @Test("decoding gives the bytes that were encoded", arguments: exact, 0..<4 as Range<UInt64>)
  func roundTrip(name: String, seed: UInt64) throws {
    let tokenizer = try Fixtures.tokenizer(name)
    var random = SplitMix64(seed: seed)
    for _ in 0..<500 {
      let text = Self.text(&random)
      let ids = try tokenizer.encode(text)
      #expect(try tokenizer.decodeBytes(ids) == Array(text.utf8), "seed \(seed)")
    }
  }

  @Test(
    "a stream of tokens gives the same text in whole characters", arguments: Fixtures.byteLevel)
  func streaming(name: String) throws {
    let tokenizer = try Fixtures.tokenizer(name)
    var random = SplitMix64(seed: 7)
    for _ in 0..<500 {
      var ids = try tokenizer.encode(Self.text(&random))
      // Random tokens as well: they cut characters and make bytes that are not UTF-8.
      for _ in 0..<8 { ids.append(Int.random(in: 0..<1024, using: &random)) }
      var decoder = StreamingDecoder(tokenizer, skipSpecial: false)
      var parts: [String] = []
      for id in ids { parts.append(try decoder.push(id)) }
      parts.append(decoder.finish())
      #expect(try Array(parts.joined().utf8) == Array(tokenizer.decode(ids).utf8))
    }
  }

  @Test("a character of four tokens appears with its last one")
  func heldBack() throws {
    let tokenizer = try Fixtures.tokenizer("qwen3_moe")
    var decoder = StreamingDecoder(tokenizer)
    let parts = try tokenizer.encode("\u{10348}").map { try decoder.push($0) }
    #expect(parts.count > 1)
    #expect(parts.dropLast().joined().isEmpty)
    #expect(parts.last == "\u{10348}")
    #expect(decoder.finish().isEmpty)
  }

  @Test("bytes that are not UTF-8 are refused with their offset")
  func invalidText() throws {
    let tokenizer = try Fixtures.tokenizer("gpt_oss")
    for (bytes, offset) in [
      ([0x61, 0xFF], 1), ([0xC3], 0), ([0x61, 0xED, 0xA0, 0x80], 1), ([0xC0, 0x80], 0),
      ([0xF4, 0x90, 0x80, 0x80], 0), ([0xE2, 0x82, 0x41], 0),
    ] as [([UInt8], Int)] {
      #expect(throws: TokenizerError.invalidUTF8(offset: offset)) {
        try tokenizer.encode(utf8: bytes)
      }
    }
  }

  @Test(
    "hostile texts of a million bytes are encoded, which in quadratic time would never end",
    arguments: [
      String(repeating: "a", count: 1_000_000), String(repeating: " ", count: 1_000_000) + "x",
      "\u{6587}" + String(repeating: "A", count: 1_000_000),
      "e" + String(repeating: "\u{301}\u{323}", count: 250_000),
      String(repeating: "<|endoftext", count: 90_000),
      String(repeating: " \n", count: 500_000) + "x",
    ])
  func hostileTexts(text: String) throws {
    for name in ["qwen3_moe", "gpt_oss", "deepseek_v3"] {
      let tokenizer = try Fixtures.tokenizer(name)
      #expect(try !tokenizer.encode(text).isEmpty)
    }
  }
}
