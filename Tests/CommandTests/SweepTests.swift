// moebench sweep on a shape small enough for a test: counts and documents, never times.

import Foundation
import StrictJSON
import TestSupport
import Testing

@Suite(.serialized, .runsPrograms) struct SweepTests {
  private let quick = ["-p", "8", "-n", "4", "-r", "2", "--warmup", "0", "-t", "1"]

  private func sweep(_ kind: String, _ more: String..., model: String = "olmoe") throws -> JSONValue
  {
    let result = try Program.run(
      "sweep", kind, Fixture.path(model), arguments: quick + ["-o", "json"] + more)
    #expect(result.status == 0, "\(result.error)")
    let json = try JSONValue(parsing: result.output)
    let schema = try SchemaValidator(named: "sweep")
    #expect(schema.violations(of: json) == [])
    #expect(json["experiment"]?.string == kind)
    #expect(json["reading"]?.array?.isEmpty == false)
    return json
  }

  private func points(_ json: JSONValue) throws -> [JSONValue] {
    try #require(json["points"]?.array)
  }

  @Test("every expert more a token touches as many bytes more")
  func topK() throws {
    let points = try points(sweep("top-k"))
    #expect(points.compactMap { $0["value"]?.double } == [1, 2, 4])
    let bytes = try points.map { point in
      try #require(point["tests"]?.array?.last?["bytes_touched_per_token"]?.double)
    }
    #expect(abs((bytes[2] - bytes[1]) - 2 * (bytes[1] - bytes[0])) < 1)
    let distinct = points.compactMap { $0["coverage"]?[1]?["distinct_measured"]?.double }
    #expect(distinct == [1, 2, 4])
    let totals = Set(points.compactMap { $0["model"]?["parameters"]?["total"]?.int })
    #expect(totals.count == 1)
  }

  @Test("more experts of the same number a token cost memory and touch no more in decode")
  func experts() throws {
    let points = try points(sweep("experts"))
    let bytes = points.compactMap { $0["model"]?["weight_bytes"]?.int }
    #expect(bytes == bytes.sorted() && Set(bytes).count == bytes.count)
    #expect(points.allSatisfy { $0["coverage"]?[1]?["distinct_measured"]?.double == 2 })
  }

  @Test("a batch wakes between k and all experts, and the expected count follows the formula")
  func batch() throws {
    let points = try points(sweep("batch", "--points", "1,4"))
    for (point, tokens) in zip(points, [1.0, 4.0]) {
      let coverage = try #require(point["coverage"]?[0])
      let experts = try #require(point["mixture"]?["experts"]?.double)
      let k = try #require(point["mixture"]?["experts_per_token"]?.double)
      let expected = experts * (1 - (0..<Int(tokens)).reduce(1.0) { p, _ in p * (1 - k / experts) })
      #expect(abs(try #require(coverage["distinct_expected"]?.double) - expected) < 1e-9)
      let measured = try #require(coverage["distinct_measured"]?.double)
      #expect(measured >= k && measured <= min(experts, tokens * k))
    }
  }

  @Test("where all tokens choose the same experts, a batch wakes no more than one token")
  func routing() throws {
    let points = try points(sweep("routing", "-b", "4"))
    #expect(points.compactMap { $0["name"]?.string } == ["uniform", "zipf:1", "single"])
    let single = try #require(points.last?["coverage"]?[1])
    #expect(single["distinct_measured"]?.double == 2)
    #expect(try #require(single["gini"]?.double) > 0.5)
    #expect(single["hot_share"]?.double == 0.5)
  }

  @Test("formats and dense models of the active and the total size stand beside the mixture")
  func others() throws {
    let formats = try points(sweep("format", "--points", "f32,q8_0"))
    #expect(formats.compactMap { $0["model"]?["weight_format"]?.string } == ["f32", "q8_0"])
    let dense = try points(sweep("dense"))
    let totals = dense.compactMap { $0["model"]?["parameters"]?["total"]?.double }
    let active = try #require(dense[0]["model"]?["parameters"]?["active"]?.double)
    #expect(totals.count == 3)
    let router = try #require(dense[0]["mixture"]?["experts"]?.double)
    // They differ from the mixture by its routers alone: two layers of [experts, 32].
    #expect(totals[0] - totals[2] == 2 * router * 32)
    #expect(dense[1]["model"]?["parameters"]?["active"]?.double == active - 2 * router * 32)
  }

  @Test("colocation is paid, and prices of the model's APIs stand beside each form")
  func money() throws {
    let json = try sweep(
      "top-k", "--points", "1,2", "--colocation", "200", "--hardware-cost", "900")
    #expect(try json.text().contains("\"colocation\""))
    let prices = try points(json).map { try #require($0["prices"]?.array) }
    #expect(prices.count == 2 && prices.allSatisfy { !$0.isEmpty })
  }

  @Test("a slice of each form gives the bytes of the whole")
  func slices() throws {
    let whole = try points(sweep("top-k", "--points", "2"))
    let slice = try points(sweep("top-k", "--points", "2", "--layers", "1"))
    let measured = whole[0]["tests"]?[1]?["bytes_touched_per_token"]?.double
    let predicted = slice[0]["tests"]?[1]?["extrapolated"]?["bytes_touched_per_token"]?.double
    #expect(measured != nil && measured == predicted)
  }

  @Test(
    "experiments that cannot be made are refused",
    arguments: [
      ["top-k", "olmoe", "--points", "99"], ["top-k", "olmoe", "--points", "0"],
      ["experts", "olmoe", "--points", "1"], ["routing", "olmoe", "--points", "sometimes"],
      ["format", "olmoe", "--points", "q9"], ["batch", "olmoe", "--layers", "99"],
      ["nonsense", "olmoe"], ["format", "olmoe", "--points", ","],
      ["format", "olmoe", "--points", "q8_0,q8_0"], ["routing", "olmoe", "--points", ","],
      ["dense", "olmoe", "--points", "3"],
    ])
  func refusals(_ arguments: [String]) throws {
    let result = try Program.run(
      "sweep", arguments: [arguments[0], Fixture.path(arguments[1])] + arguments.dropFirst(2))
    #expect(result.status == 64, "\(result.error)")
    #expect(result.output.isEmpty)
    if arguments.contains(",") || arguments[0] == "dense" {
      #expect(result.error.contains("--points"), "\(result.error)")
    }
  }
}
