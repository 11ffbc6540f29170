// moebench estimate: documents, memory and what follows from the limits; never how well times are met.

import Foundation
import StrictJSON
import TestSupport
import Testing

@Suite(.serialized, .runsPrograms) struct EstimateTests {
  /// Limits as of a machine of round numbers, so that nothing is measured here.
  static let limits: JSONValue = {
    func rate(_ key: String?, _ size: Int, _ median: Double) -> JSONValue {
      var object = JSONObject()
      if let key { object.append(key, JSONValue(size)) }
      for name in ["median", "ci_low", "ci_high", "min", "max"] {
        object.append(name, JSONValue(median) ?? .null)
      }
      object.append("n", 3)
      object.append("reason", .null)
      return .object(object)
    }
    let rows = [1, 2, 4, 8, 16, 64, 512]
    let products = [("f32", 4.0), ("f16", 2.0), ("q8_0", 1.0625), ("q4_0", 0.5625)].map {
      name, bytes in
      let streamed = rows.map { rate("rows", $0, min(20 / bytes, 200 / Double($0))) }
      let resident = rows.map { rate("rows", $0, 200 / Double($0)) }
      return [
        "format": .string(name), "streamed_gweights_s": .array(streamed),
        "resident_gweights_s": .array(resident),
      ] as JSONValue
    }
    return [
      "schema": "moebench.limits/1",
      "ceilings": [
        "measured_at": "2026-11-21T00:00:00Z", "age_seconds": .null, "threads": 1,
        "instruction_set": "reference", "steal_fraction": .null,
        "read_bandwidth_gb_s": [rate("threads", 1, 20)],
        "read_bandwidth_small_pages_gb_s": rate(nil, 0, 20),
        "f32_peak_gflop_s": rate(nil, 0, 200), "int8_peak_gop_s": rate(nil, 0, 800),
        "f32_gflop_s": [rate("rows", 512, 100)], "int8_gop_s": [rate("rows", 512, 400)],
        "products": .array(products), "layers_g_s": rate(nil, 0, 1e-4),
        "attention_gmul_s": rate(nil, 0, 10), "references": [],
      ],
    ]
  }()

  private func estimate(_ arguments: String..., status: Int32 = 0) throws -> JSONValue {
    let cache = try ScratchFolder()
    let file = try cache.file("limits.json", bytes: Self.limits.utf8())
    let result = try Program.run(
      "estimate", arguments: arguments + ["--limits", file, "-o", "json"],
      environment: ["XDG_CACHE_HOME": cache.path])
    #expect(result.status == status, "\(result.error)")
    guard status == 0 else {
      #expect(result.output.isEmpty)
      return .string(result.error)
    }
    let json = try JSONValue(parsing: result.output)
    let schema = try SchemaValidator(named: "estimate")
    #expect(schema.violations(of: json) == [])
    return json
  }

  private func first(_ json: JSONValue) throws -> JSONValue { try #require(json["estimates"]?[0]) }

  @Test("the whole catalogue is estimated, and every model has a speed or a reason")
  func all() throws {
    let json = try estimate("--all")
    let estimates = try #require(json["estimates"]?.array)
    #expect(estimates.count > 50)
    for one in estimates {
      let hasSpeed = one["tests"]?[1]?["tokens_per_second"]?["value"]?.double ?? 0 > 0
      #expect(hasSpeed || one["reason"]?.string != nil, "\(one["name"]?.string ?? "")")
    }
  }

  @Test("limits of a file are named as such, with their time, and not as this machine's")
  func file() throws {
    let json = try estimate("granite-3.1-1b-a400m")
    #expect(json["limits_file"]?.string == "limits.json")
    #expect(json["ceilings"]?["age_seconds"]?.double != nil)
    let folder = try ScratchFolder()
    let file = try folder.file("limits.json", bytes: Self.limits.utf8())
    let text = try Program.run(
      "estimate", "granite-3.1-1b-a400m", "--limits", file
    ).output.replacing("\n", with: " ")
    #expect(
      text.hasPrefix("Predicted from limits of limits.json, measured at 2026-11-21T00:00:00Z"))
    #expect(!text.contains("just measured"))
  }

  @Test("colocation is paid by the most that the machine draws")
  func colocation() throws {
    let json = try estimate(
      "granite-3.1-1b-a400m", "--colocation", "200", "--hardware-cost", "900", "--watts", "500")
    #expect(try first(json)["cost"]?["assumptions"]?["colocation"]?["value"]?.double == 100)
  }

  @Test("decode takes the time of its touched bytes, and a prompt the time of its operations")
  func model() throws {
    let one = try first(estimate("olmoe-1b-7b"))
    let bytes = try #require(one["tests"]?[1]?["bytes_touched_per_token"]?.double)
    let speed = try #require(one["tests"]?[1]?["tokens_per_second"]?["value"]?.double)
    // 20 GB/s and 10 microseconds a layer, 16 layers; the vectors and the cache are the rest.
    let seconds = bytes / 20e9 + 16e-5
    #expect(abs(1 / speed - seconds) < 0.02 * seconds)
    let active = try #require(one["parameters"]?["active"]?.double)
    let total = try #require(one["parameters"]?["total"]?.double)
    let touched = try #require(one["parameters"]?["touched"]?.double)
    #expect(abs(touched - active) < 0.01 * active)
    #expect(active < total)
    let batch = try first(estimate("olmoe-1b-7b", "-b", "64"))
    let more = try #require(batch["parameters"]?["touched"]?.double)
    #expect(more > 4 * touched && more < total)
  }

  @Test(
    "memory is weights and cache, and a model that does not fit names the machine that holds it")
  func memory() throws {
    let one = try first(
      estimate("deepseek-v3", "--weights", "q4_0", "--context", "8192", "--what-if", "memory=16"))
    let memory = try #require(one["memory"])
    #expect(memory["fits"]?.bool == false)
    #expect(memory["available_bytes"]?.double == 16e9)
    let weights = try #require(one["weight_bytes"]?.double)
    let cache = try #require(memory["kv_cache_bytes"]?.double)
    #expect(memory["needed_bytes"]?.double == weights + cache)
    let machine = try #require(memory["machine_gib"]?.double)
    #expect(machine * 1073741824 > weights)
  }

  @Test("twice the bandwidth, the cores and the watts do what they must")
  func whatIf() throws {
    func decode(_ change: String) throws -> JSONValue {
      try #require(first(estimate("olmoe-1b-7b", "--what-if", change))["tests"]?[1])
    }
    let base = try decode("bandwidth=20,watts=100")
    let wide = try decode("bandwidth=40,watts=100")
    let speed = try #require(base["tokens_per_second"]?["value"]?.double)
    let faster = try #require(wide["tokens_per_second"]?["value"]?.double)
    #expect(faster > 1.8 * speed && faster < 2 * speed)
    let joules = try #require(base["joules_per_token"]?["value"]?.double)
    #expect(abs(joules - 100 / speed) < 1e-6 * joules)
    let unknown = try decode("cores=64")
    #expect(unknown["joules_per_token"]?.isNull == true)
    #expect(unknown["joules_reason"]?.string?.contains("watts") == true)
  }

  @Test("the further a supposed machine is from the measured one, the wider its ranges")
  func extrapolation() throws {
    func width(_ change: String) throws -> Double {
      let json = try estimate("olmoe-1b-7b", "--what-if", change)
      let speed = try #require(first(json)["tests"]?[1]?["tokens_per_second"])
      let (value, high) = (speed["value"]?.double, speed["ci_high"]?.double)
      let spread = try #require(json["what_if_spread"]?.double)
      let width = try #require(high) / (try #require(value)) - 1
      #expect(abs(width - 0.5 - spread) < 1e-9)
      return width
    }
    #expect(abs(try width("memory=64") - 0.5) < 1e-9)
    #expect(abs(try width("bandwidth=80") - 0.7) < 1e-9)
    #expect(abs(try width("bandwidth=80,cores=8") - 1) < 1e-9)
  }

  @Test("a supposed machine's heading has its cores, its price and its own memory")
  func supposed() throws {
    let folder = try ScratchFolder()
    let file = try folder.file("limits.json", bytes: Self.limits.utf8())
    let text = try Program.run(
      "estimate", "olmoe-1b-7b", "--limits", file, "--what-if",
      "cores=96,memory=128,price=9000"
    ).output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    #expect(text.contains("with 96 cores, 128 GB of memory, for 9000 $, 96 threads"), "\(text)")
    #expect(text.contains("free there") && !text.contains("free here"))
    #expect(text.contains("a judgement"))
  }

  @Test("an earlier result of this machine scales the prediction to what was measured")
  func corrected() throws {
    let folder = try ScratchFolder()
    let file = folder.path(of: "result.json")
    let run = try Program.run(
      "run", "granite-3.1-1b-a400m", "--layers", "1", "-p", "8", "-n", "2", "-r", "2", "--warmup",
      "0", "-t", "1", "-o", "json", "--output-file", file)
    #expect(run.status == 0, "\(run.error)")
    let json = try estimate("granite-3.1-1b-a400m", "-p", "8", "-n", "2", "--from", file)
    let errors = try #require(json["corrected_by"]?.array)
    #expect(errors.count == 2)
    for (test, error) in zip(try #require(first(json)["tests"]?.array), errors) {
      let value = try #require(test["tokens_per_second"]?["value"]?.double)
      let measured = try #require(error["measured_tokens_per_second"]?.double)
      #expect(abs(value - measured) < 1e-6 * measured)
    }
  }

  @Test(
    "what cannot be estimated is refused",
    arguments: [
      (["olmoe-1b-7b", "--what-if", "speed=3"], 64),
      (["olmoe-1b-7b", "--what-if", "cores=-1"], 64),
      (["olmoe-1b-7b", "--what-if", "cores=2,cores=4"], 64),
      (["olmoe-1b-7b", "--weights", "q9"], 64), ([], 64), (["olmoe-1b-7b", "--all"], 64),
      (["no-such-model"], 66), (["olmoe-1b-7b", "-b", "0"], 64),
    ])
  func refusals(_ arguments: [String], _ status: Int) throws {
    let result = try Program.run("estimate", arguments: arguments)
    #expect(result.status == Int32(status), "\(result.error)")
    #expect(result.output.isEmpty)
  }
}
