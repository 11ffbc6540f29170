// The writer against the reader: what is written reads back to the same value.

import StrictJSON
import Testing

@Suite struct JSONWriterTests {
  @Test("compact text has no space, pretty text keeps rows of scalars on a line")
  func layout() throws {
    let value: JSONValue = ["b": [1, 2], "a": ["x": [["y": true]]], "e": [], "o": [:]]
    #expect(try value.text() == #"{"b":[1,2],"a":{"x":[{"y":true}]},"e":[],"o":{}}"#)
    let pretty = """
      {
        "b": [1, 2],
        "a": {
          "x": [
            {
              "y": true
            }
          ]
        },
        "e": [],
        "o": {}
      }

      """
    #expect(try value.text(pretty: true) == pretty)
    #expect(try JSONValue(parsing: pretty) == value)
  }

  @Test("control characters, quotes and backslashes are escaped and read back")
  func escapes() throws {
    let all = String((0..<0x80).map { Character(Unicode.Scalar(UInt8($0))) }) + "é😀\u{2028}"
    let text = try JSONValue.string(all).text()
    #expect(text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f })
    #expect(try JSONValue(parsing: text) == .string(all))
  }

  @Test("doubles of every exponent read back to the same bits", arguments: [1, 2] as [UInt64])
  func doubles(seed: UInt64) throws {
    // xorshift64* (Vigna 2016): a failure can be repeated.
    var state = seed
    for exponent in UInt64(0)..<2047 {
      state ^= state >> 12
      state ^= state << 25
      state ^= state >> 27
      let fraction = state &* 0x2545_F491_4F6C_DD1D & ((1 << 52) - 1)
      let value = Double(bitPattern: exponent << 52 | fraction)
      let text = try #require(JSONValue(value)).text()
      let back = try JSONValue(parsing: text).double
      #expect(back?.bitPattern == value.bitPattern, "\(text)")
    }
    #expect(try JSONValue(0.1)?.text() == "0.1")
    #expect(try JSONValue(-0.0)?.text() == "-0.0")
  }

  @Test("a number that is not finite cannot become JSON")
  func nonFinite() throws {
    for value in [Double.nan, .infinity, -.infinity] {
      #expect(JSONValue(value) == nil)
      #expect(JSONValue.numberOrNull(value).isNull)
    }
    let read = try JSONValue(parsing: "[NaN]", limits: JSONLimits(acceptsNonFinite: true))
    #expect(throws: JSONError(offset: 1, rule: .notFinite("NaN"))) { try read.text() }
  }

  @Test("a member can be replaced, removed and added, and the order stays")
  func editing() {
    var object = JSONObject()
    for i in 0..<20 { object["k\(i)"] = JSONValue(i) }
    object["k3"] = "three"
    object["k5"] = nil
    #expect(object.append("k7", 0) == false)
    #expect(object.count == 19 && object.keys[5] == "k6")
    #expect(object["k3"]?.string == "three" && object["k5"] == nil && object["k19"]?.int == 19)
  }
}
