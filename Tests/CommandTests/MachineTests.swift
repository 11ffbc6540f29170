// moebench machine: a complete document, and limits that were really measured.

import StrictJSON
import Testing

@Suite(.serialized) struct MachineTests {
  @Test("the machine's document has its parts, its meters and every limit with a spread")
  func document() throws {
    let result = try Program.run("machine", "-o", "json", "-r", "2", "-t", "1")
    #expect(result.status == 0, "\(result.error)")
    let json = try JSONValue(parsing: result.output)
    #expect(json["schema"]?.string == "moebench.machine/1")
    #expect(json["machine"]?["memory_bytes"] != nil)
    #expect(json["instruction_sets"]?.array?.contains { $0["available"]?.bool == true } == true)
    #expect(json["meters"]?.array?.isEmpty == false)
    let ceilings = try #require(json["ceilings"])
    #expect(ceilings["read_bandwidth_gb_s"]?.array?.count == 1)
    for key in ["f32_gflop_s", "int8_gop_s"] {
      let points = try #require(ceilings[key]?.array)
      #expect(points.compactMap { $0["rows"]?.int } == [1, 4, 16, 64, 512])
    }
    for key in ["read_bandwidth_gb_s", "f32_gflop_s", "int8_gop_s"] {
      for point in try #require(ceilings[key]?.array) {
        let median = try #require(point["median"]?.double)
        #expect(median > 0)
        #expect(try #require(point["min"]?.double) <= median)
        #expect(try #require(point["max"]?.double) >= median)
        #expect(try #require(point["ci_low"]?.double) < (try #require(point["ci_high"]?.double)))
      }
    }
  }

  @Test("impossible flags of machine are refused", arguments: [["-t", "0"], ["-r", "0"]])
  func flags(_ arguments: [String]) throws {
    let result = try Program.run("machine", arguments: arguments)
    #expect(result.status == 64)
    #expect(result.output.isEmpty)
  }
}
