// The strict reader against RFC 8259 and against what lenient readers let pass.

import StrictJSON
import Testing

@Suite struct JSONReaderTests {
  private func rule(_ text: String, limits: JSONLimits = JSONLimits()) -> JSONError.Rule? {
    rule(Array(text.utf8), limits: limits)
  }

  private func rule(_ bytes: [UInt8], limits: JSONLimits = JSONLimits()) -> JSONError.Rule? {
    do {
      _ = try JSONValue(parsing: bytes, limits: limits)
      return nil
    } catch {
      return error.rule
    }
  }

  @Test("a document of every kind reads as written, in order")
  func everyKind() throws {
    let value = try JSONValue(
      parsing: " {\"b\":[1,-0,2.5e-3,true,false,null],\"a\":{\"\":\"x\\u00e9\\ud83d\\ude00\\n\"}} ")
    #expect(value.object?.keys == ["b", "a"])
    #expect(value["b"]?[0]?.int == 1)
    #expect(value["b"]?[2]?.number?.text == "2.5e-3")
    #expect(value["b"]?[2]?.double == 0.0025)
    #expect(value["a"]?[""]?.string == "xé😀\n")
  }

  @Test("true is not 1, 1 is not true, 1.0 is no integer and a string is no number")
  func kindsStayApart() throws {
    let value = try JSONValue(parsing: "[true,1,1.0,\"1\",null,1e400,99999999999999999999]")
    #expect(value[0]?.int == nil && value[0]?.bool == true)
    #expect(value[1]?.bool == nil && value[1]?.int == 1)
    #expect(value[2]?.int == nil && value[2]?.number?.wholeInt == 1)
    #expect(value[3]?.double == nil && value[4]?.isNull == true)
    #expect(value[5]?.double == nil)
    #expect(value[6]?.int == nil && value[6]?.double == 1e20 && value[6]?.number?.wholeInt == nil)
    #expect(value[7] == nil && value["x"] == nil)
  }

  @Test(
    "malformed text is refused",
    arguments: [
      "", " ", "{", "[", "[1", "[1,", "[1,]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{,}",
      "[,]",
      "nul", "tru", "True", "NaN", "Infinity", "-Infinity", "-", "+1", "01", "-01", "1.", ".5",
      "1e",
      "1e+", "0x10", "1_0", "\"", "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "'a'", "1 2",
      "{}{}",
      "[1]x", "\u{FEFF}{}", "// c\n1", "\"\t\"", "\"a\nb\"", "{\"a\":1 \"b\":2}", "[1 2]", "1\u{0}",
      "]",
    ])
  func malformed(text: String) {
    #expect(rule(text) != nil)
  }

  @Test("an unpaired surrogate is an error", arguments: ["d800", "dc00", "d800\\u0041", "dbffx"])
  func surrogates(escape: String) {
    #expect(rule("\"\\u\(escape)\"") == .loneSurrogate)
  }

  @Test(
    "invalid UTF-8 is an error, in keys and in values",
    arguments: [
      [0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82], [0xf4, 0x90, 0x80, 0x80],
    ]
      as [[UInt8]])
  func invalidUTF8(bytes: [UInt8]) {
    #expect(rule([0x22] + bytes + [0x22]) == .invalidUTF8)
    #expect(rule([0x22, 0x5c, 0x6e] + bytes + [0x22]) == .invalidUTF8)
    #expect(rule([0x7b, 0x22] + bytes + [0x22, 0x3a, 0x31, 0x7d]) == .invalidUTF8)
  }

  @Test("a key that occurs twice is an error that names it, in small and in large objects")
  func duplicateKeys() {
    #expect(rule("{\"a\":1,\"b\":2,\"a\":3}") == .duplicateKey("a"))
    #expect(rule("{\"a\":1,\"\\u0061\":2}") == .duplicateKey("a"))
    let many = (0..<1000).map { "\"k\($0)\":\($0)" }.joined(separator: ",")
    #expect(rule("{\(many)}") == nil)
    #expect(rule("{\(many),\"k500\":0}") == .duplicateKey("k500"))
  }

  @Test("keys that look alike but differ in bytes are different keys")
  func canonicalEquivalence() throws {
    let value = try JSONValue(parsing: "{\"\\u00e9\":1,\"e\\u0301\":2}")
    #expect(value["\u{e9}"]?.int == 1)
    #expect(value["e\u{301}"]?.int == 2)
    #expect(JSONValue.string("\u{e9}") != JSONValue.string("e\u{301}"))
  }

  @Test("nesting is accepted to the limit and refused beyond it, however deep")
  func depth() {
    func nested(_ n: Int) -> String {
      String(repeating: "[", count: n) + String(repeating: "]", count: n)
    }
    #expect(rule(nested(128)) == nil)
    #expect(rule(nested(129)) == .tooDeep(limit: 128))
    #expect(rule(String(repeating: "{\"a\":", count: 1_000_000)) == .tooDeep(limit: 128))
  }

  @Test("a text beyond the size limit is refused before it is read")
  func size() {
    #expect(rule("[1,2]", limits: JSONLimits(bytes: 4)) == .tooLarge(bytes: 5, limit: 4))
  }

  @Test("the numbers Python writes beyond the standard are read only where asked for")
  func pythonNumbers() throws {
    let limits = JSONLimits(acceptsNonFinite: true)
    let value = try JSONValue(parsing: "[0.0, Infinity, -Infinity, NaN]", limits: limits)
    #expect(value[1]?.double == nil)
    #expect(value[1]?.number?.doubleOrNonFinite == .infinity)
    #expect(value[2]?.number?.doubleOrNonFinite == -.infinity)
    #expect(rule("[Infinit]", limits: limits) != nil)
    #expect(rule("[-NaN]", limits: limits) != nil)
  }

  @Test("an error names the byte and the rule on one line")
  func wording() {
    #expect(throws: JSONError(offset: 5, rule: .unexpectedEnd)) {
      try JSONValue(parsing: "{\"a\":")
    }
    let error = JSONError(offset: 7, rule: .duplicateKey("a\u{1b}[2J\n\u{202e}"))
    #expect(error.description == #"the key "a\u{1b}[2J\u{a}\u{202e}" occurs twice (byte 7)"#)
  }
}
