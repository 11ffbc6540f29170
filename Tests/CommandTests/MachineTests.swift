// moebench machine: a complete document, limits that were really measured, and kept.

import Foundation
import StrictJSON
import TestSupport
import Testing

@Suite(.serialized, .runsPrograms) struct MachineTests {
  private static let quick = [
    "-o", "json", "-r", "2", "-t", "1", "--seconds", "0", "--formats", "q8_0,q4_k",
  ]

  private func document(_ arguments: [String], cache: borrowing ScratchFolder) throws -> JSONValue {
    let result = try Program.run(
      "machine", arguments: arguments, environment: ["XDG_CACHE_HOME": cache.path])
    #expect(result.status == 0, "\(result.error)")
    return try JSONValue(parsing: result.output)
  }

  @Test("the machine's document is valid, and its limits are kept until they are measured again")
  func keeps() throws {
    let cache = try ScratchFolder()
    let first = try document(Self.quick, cache: cache)
    let schema = try SchemaValidator(named: "machine")
    #expect(schema.violations(of: first) == [])
    #expect(first["ceilings"]?["age_seconds"]?.isNull == true)
    try check(try #require(first["ceilings"]))
    #expect(try #require(first["ceilings"]?["noise_floor"]?["repetitions"]?.int) >= 2)
    // Limits of a machine that others keep busy are not kept; then there is nothing more to ask.
    guard first["ceilings"]?["disturbed"]?.isNull == true else {
      #expect(!FileManager.default.fileExists(atPath: cache.path(of: "moebench")))
      return try skip("others kept the machine busy")
    }
    let kept = try document(
      ["-o", "json", "-t", "1", "--formats", "q8_0,q4_k"], cache: cache)
    #expect(schema.violations(of: kept) == [])
    #expect(try #require(kept["ceilings"]?["age_seconds"]?.double) >= 0)
    for key in ["measured_at", "read_bandwidth_gb_s", "int8_gop_s", "products"] {
      let (a, b) = (first["ceilings"]?[key], kept["ceilings"]?[key])
      #expect(a == b, "\(key)")
    }
    let file = try #require(
      FileManager.default.contentsOfDirectory(atPath: cache.path(of: "moebench")).first)
    try cache.file("moebench/\(file)", #"{"schema": "moebench.limits/1"}"#)
    let again = try document(Self.quick, cache: cache)
    #expect(again["ceilings"]?["age_seconds"]?.isNull == true)
  }

  @Test("a format that was not timed is timed, and those that were are kept beside it")
  func formats() throws {
    let cache = try ScratchFolder()
    let short = ["-o", "json", "-t", "1", "-r", "1", "--seconds", "0", "--formats"]
    let first = try document(short + ["q8_0"], cache: cache)
    let other = try document(short + ["q4_0"], cache: cache)
    #expect(other["ceilings"]?["age_seconds"]?.isNull == true)
    // Kept is only what was measured while nobody else was at work.
    guard [first, other].allSatisfy({ $0["ceilings"]?["disturbed"]?.isNull == true }) else {
      return try skip("others kept the machine busy")
    }
    let both = try document(
      ["-o", "json", "-t", "1", "--formats", "q8_0,q4_0"], cache: cache)
    #expect(both["ceilings"]?["age_seconds"]?.double != nil)
    let formats = (both["ceilings"]?["products"]?.array ?? []).compactMap { $0["format"]?.string }
    #expect(Set(formats) == ["f32", "q8_0", "q4_0"])
  }

  @Test("the document may go to a file, and ends in one newline")
  func file() throws {
    let cache = try ScratchFolder()
    let file = cache.path(of: "machine.json")
    let result = try Program.run(
      "machine", "--output-file", file, arguments: Self.quick,
      environment: ["XDG_CACHE_HOME": cache.path])
    #expect(result.status == 0 && result.output.isEmpty, "\(result.error)")
    let text = try String(contentsOfFile: file, encoding: .utf8)
    #expect(text.hasSuffix("}\n") && !text.hasSuffix("\n\n"))
    let inspected = try Program.run("inspect", Fixture.path("olmoe"), "-o", "json")
    #expect(inspected.output.hasSuffix("}\n") && !inspected.output.hasSuffix("\n\n"))
  }

  private func check(_ ceilings: JSONValue) throws {
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
      }
    }
    let formats = try #require(ceilings["products"]?.array).compactMap { $0["format"]?.string }
    #expect(formats == ["f32", "q8_0", "q4_k"])
  }

  @Test(
    "impossible flags of machine are refused",
    arguments: [["-t", "0"], ["-r", "0"], ["--seconds", "-1"], ["--formats", "q9"]])
  func flags(_ arguments: [String]) throws {
    let result = try Program.run("machine", arguments: arguments)
    #expect(result.status == 64)
    #expect(result.output.isEmpty)
  }
}
