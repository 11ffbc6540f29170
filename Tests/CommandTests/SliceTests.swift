// A slice stands for its whole: judged by counts, as times are never asserted.

import Foundation
import StrictJSON
import Testing

@Suite(.serialized, .runsPrograms) struct SliceTests {
  private func document(_ arguments: String...) throws -> JSONValue {
    let result = try Program.run("run", arguments: arguments + ["-o", "json", "--warmup", "0"])
    #expect(result.status == 0, "\(result.error)")
    return try JSONValue(parsing: result.output)
  }

  private func number(_ value: JSONValue?) throws -> Double { try #require(value?.double) }

  @Test(
    "a slice predicts the bytes a token touches in the whole",
    arguments: [
      // Not longcat_flash: its identity experts read nothing, so layers of one kind touch different bytes.
      ("olmoe", "1"), ("deepseek_v3", "2"), ("granitemoehybrid", "3"),
    ])
  func bytes(_ name: String, _ layers: String) throws {
    let size = ["-p", "0", "-n", "4", "-r", "2"]
    let path = Fixture.path(name)
    let whole = try document(path, size[0], size[1], size[2], size[3])
    let slice = try document(path, "--layers", layers, size[0], size[1], size[2], size[3])
    #expect(whole["model"]?["slice"]?.isNull == true)
    #expect(whole["tests"]?.array?.first?["extrapolated"]?.isNull == true)
    let test = try #require(slice["tests"]?.array?.first)
    let predicted = try number(test["extrapolated"]?["bytes_touched_per_token"])
    let measured = try number(whole["tests"]?.array?.first?["bytes_touched_per_token"])
    #expect(predicted == measured)
    #expect(try number(test["bytes_touched_per_token"]) < measured)
    #expect(slice["model"]?["parameters"]?["total"] == whole["model"]?["parameters"]?["total"])
  }

  @Test("what a slice extrapolates follows from its samples and is labelled so")
  func labels() throws {
    let json = try document(Fixture.path("deepseek_v3"), "--layers", "2", "-p", "8", "-n", "4")
    let slice = try #require(json["model"]?["slice"])
    let listed = try #require(slice["layers_each_stands_for"]?.array)
    let factors = listed.compactMap { $0.double }
    #expect(slice["layers_measured"]?.int == factors.count)
    #expect(try number(slice["layers_total"]) == factors.reduce(0, +))
    let codes = json["warnings"]?.array?.compactMap { $0["code"]?.string } ?? []
    #expect(codes.contains("slice"))
    // Some kilobytes: every cache holds all of it.
    #expect(codes.contains("slice_in_cache"))
    for test in try #require(json["tests"]?.array) {
      let rates = try #require(test["samples"]?.array).map { sample in
        let layers = try #require(sample["layers"]?.array)
        let more = try zip(layers, factors).reduce(0) {
          try $0 + number($1.0["seconds"]) * ($1.1 - 1)
        }
        #expect(more > 0)
        return try number(sample["tokens"]) / (number(sample["seconds"]) + more)
      }.sorted()
      let speed = try #require(test["extrapolated"]?["tokens_per_second"])
      let value = try number(speed["value"])
      #expect(abs(value - rates[rates.count / 2]) <= 1e-9 * value)
      #expect(speed["provenance"]?.string == "extrapolated")
      #expect(try number(speed["ci_low"]) <= value)
      #expect(try number(speed["ci_high"]) >= value)
    }
    let cost = json["cost"]?["usd_per_million_output"]
    #expect(cost?.isNull == true || cost?["provenance"]?.string == "extrapolated")
  }

  @Test("fewer layers than kinds of layer, or more than there are, are refused")
  func refusals() throws {
    for count in ["0", "1", "99"] {
      let result = try Program.run("run", Fixture.path("deepseek_v3"), "--layers", count)
      #expect(result.status == 64)
      #expect(result.error.contains("--layers"))
    }
  }
}
