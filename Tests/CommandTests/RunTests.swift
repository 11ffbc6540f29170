// The main job, on checkpoints and shapes small enough to measure anywhere.

import Foundation
import StrictJSON
import Testing

@Suite(.serialized, .runsPrograms) struct RunTests {
  private func document(_ arguments: String...) throws -> JSONValue {
    let result = try Program.run("run", arguments: arguments)
    #expect(result.status == 0, "\(result.error)")
    return try JSONValue(parsing: result.output)
  }

  @Test("a checkpoint's run is a complete document with every sample")
  func checkpoint() throws {
    let json = try document(
      Fixture.path("olmoe"), "-p", "16", "-n", "8", "-r", "3", "--warmup", "1", "-o", "json")
    #expect(json["schema"]?.string == "moebench.result/1")
    #expect(json["status"]?.string == "complete")
    #expect(json["model"]?["source"]?.string == "safetensors")
    // Kilobytes of weights lie in the caches.
    #expect(json["machine"]?["bandwidth_measured_on"]?.string == "buffer")
    let tests = try #require(json["tests"]?.array)
    #expect(tests.compactMap { $0["label"]?.string } == ["pp16", "tg8"])
    for test in tests {
      let samples = try #require(test["samples"]?.array)
      #expect(samples.count == 3)
      let rates = samples.compactMap { sample -> Double? in
        guard let tokens = sample["tokens"]?.double, let seconds = sample["seconds"]?.double else {
          return nil
        }
        return tokens / seconds
      }.sorted()
      let median = try #require(test["tokens_per_second"]?["median"]?.double)
      #expect(abs(median - rates[1]) <= 1e-9 * median)
    }
  }

  @Test("tokens of a prompt that chose the same expert touch its weights once")
  func touched() throws {
    let json = try document(
      Fixture.path("olmoe"), "-p", "16", "-n", "8", "-r", "1", "--warmup", "0", "-o", "json")
    let tests = try #require(json["tests"]?.array)
    let prefill = try #require(tests[0]["bytes_touched_per_token"]?.double)
    let decode = try #require(tests[1]["bytes_touched_per_token"]?.double)
    #expect(prefill < decode)
    #expect(tests[1]["experts"]?["distinct_mean"]?.double == 2)
  }

  @Test("synthetic weights of a catalogue shape run, priced, with an interval that holds the value")
  func synthetic() throws {
    let json = try document(
      "granite-3.1-1b-a400m", "-p", "8", "-n", "4", "-r", "2", "--warmup", "0", "-o", "json",
      "--rental", "0.1")
    #expect(json["model"]?["source"]?.string == "synthetic")
    // A gigabyte is more than any cache is taken for.
    #expect(json["machine"]?["bandwidth_measured_on"]?.string == "weights")
    let cost = try #require(json["cost"]?["usd_per_million_output"])
    let (low, value, high) = (
      cost["ci_low"]?.double, cost["value"]?.double, cost["ci_high"]?.double
    )
    #expect(try #require(low) <= (try #require(value)))
    #expect(try #require(value) <= (try #require(high)))
    #expect(try #require(low) > 0)
    #expect(json["prices"]?.array?.isEmpty == false)
  }

  @Test("one thread and two compute the same scores, to the bit")
  func repeatable() throws {
    let a = try Program.run(
      "logits", Fixture.path("mixtral"), "--tokens", "1,2,3", "--greedy", "3", "-t", "1")
    let b = try Program.run(
      "logits", Fixture.path("mixtral"), "--tokens", "1,2,3", "--greedy", "3", "-t", "2")
    #expect(a.status == 0)
    #expect(a.output == b.output)
  }

  @Test(
    "every format of the result names the tests", arguments: ["table", "jsonl", "csv", "md", "sql"])
  func formats(_ format: String) throws {
    let result = try Program.run(
      "run", Fixture.path("olmoe"), "-p", "8", "-n", "4", "-r", "2", "--warmup", "0", "-o", format)
    #expect(result.status == 0, "\(result.error)")
    #expect(result.output.contains("pp8") && result.output.contains("tg4"))
  }
}
