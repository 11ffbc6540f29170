// Reading results back: recomputed statistics, refused nonsense, tolerated additions.

import Analysis
import CostModel
import Models
import Reports
import StrictJSON
import Testing

@Suite struct StoredTests {
  /// The tiny run's document with one member replaced, by keys and indices.
  private func changed(
    _ path: [String], _ text: String?, of report: RunReport? = nil
  ) throws -> [UInt8] {
    func set(_ value: JSONValue, _ path: ArraySlice<String>) throws -> JSONValue {
      guard let key = path.first else { return try JSONValue(parsing: text ?? "null") }
      if let index = Int(key), var array = value.array {
        array[index] = try set(array[index], path.dropFirst())
        return .array(array)
      }
      var object = value.object ?? JSONObject()
      object[key] =
        path.count == 1 && text == nil ? nil : try set(object[key] ?? .null, path.dropFirst())
      return .object(object)
    }
    return try set((report ?? TinyRun.report()).json, path[...]).utf8()
  }

  @Test("a result read back gives the same statistics and the same cost")
  func roundTrip() throws {
    let report = try TinyRun.report()
    let result = try TinyRun.stored(report)
    #expect(result.tests.count == 3)
    #expect(result.tests.map(\.summary?.median) == report.tests.map { $0.summary()?.median })
    let again = try result.cost(CostSettings(), tables: SiteTables.builtIn)
    let difference =
      (again.blended?.usdPerMillion.best ?? 0) - (report.cost?.blended?.usdPerMillion.best ?? 1)
    #expect(abs(difference) < 1e-9 * (again.blended?.usdPerMillion.best ?? 0))
  }

  @Test("unknown keys are let be")
  func additions() throws {
    let bytes = try changed(["tests", "0", "from_the_future"], #"{"a": [1]}"#)
    #expect(throws: Never.self) { try StoredResult(parsing: bytes, file: "a.json") }
  }

  @Test(
    "nonsense is refused and its place named",
    arguments: [
      (["schema"], #""moebench.result/2""#, "schema"),
      (["tests", "0", "samples", "0", "seconds"], "-1", "tests[0].samples[0].seconds"),
      (["tests", "0", "samples", "0", "seconds"], "1e999", "tests[0].samples[0].seconds"),
      (["tests", "0", "samples", "0", "tokens"], "1.5", "tests[0].samples[0].tokens"),
      (["tests", "0", "samples", "0", "seconds"], nil, "tests[0].samples[0].seconds"),
      (["tests", "0", "tokens_per_second", "median"], "1", "tests[0].tokens_per_second.median"),
      (["tests", "0", "phase"], #""both""#, "tests[0].phase"),
      (["tests"], "[]", "tests"), (["model", "name"], nil, "model.name"),
      (["status"], #""fine""#, "status"), (["machine"], "3", "machine"),
    ] as [([String], String?, String)])
  func nonsense(path: [String], text: String?, place: String) throws {
    let bytes = try changed(path, text)
    let error = #expect(throws: DataError.self) {
      try StoredResult(parsing: bytes, file: "bad.json")
    }
    #expect(error?.path == place)
    #expect(error?.description.hasPrefix("bad.json: ") == true)
  }

  @Test("a statistic one per mille off is rounding, two per cent off is refused")
  func tolerance() throws {
    let report = try TinyRun.report()
    for (factor, holds) in [(1.001, true), (1.02, false), (0.98, false)] {
      var document = try #require(report.json.object)
      var tests = try #require(document["tests"]?.array)
      var test = try #require(tests[0].object)
      var rate = try #require(test["tokens_per_second"]?.object)
      let value = try #require(rate["median"]?.double)
      rate["median"] = JSONValue(value * factor)
      test["tokens_per_second"] = .object(rate)
      tests[0] = .object(test)
      document["tests"] = .array(tests)
      let bytes = try JSONValue.object(document).utf8()
      let result = Result { try StoredResult(parsing: bytes, file: "a") }
      #expect(((try? result.get()) != nil) == holds, "\(factor)")
    }
  }

  @Test("a server's result is priced for all its nodes, whose watts and dollars are of each")
  func nodes() throws {
    var settings = CostSettings()
    settings.rentalUsdPerHour = 2
    let report = try TinyRun.report()
    func served(_ nodes: Int) throws -> StoredResult {
      try StoredResult(
        parsing: changed(["endpoint"], "{\"nodes\": \(nodes)}", of: report), file: "served.json")
    }
    let (one, three) = (try served(1), try served(3))
    func blended(_ result: StoredResult, _ watts: Estimate? = nil) throws -> Double {
      let cost = try result.cost(settings, watts: watts, tables: SiteTables.builtIn)
      return try #require(cost.blended?.usdPerMillion.best)
    }
    #expect(try abs(blended(three) / blended(one) - 3) < 1e-9)
    // Bought machines pay for the watts that --watts gives of each, and for those at rest.
    settings.rentalUsdPerHour = nil
    settings.hardwareUsd = 1000
    #expect(try abs(blended(three, .exactly(100)) / blended(one, .exactly(100)) - 3) < 1e-9)
    let compared = ResultComparison(baseline: one, candidate: three, threshold: 0.05)
    #expect(compared.warnings.contains { $0 == "count of nodes differs: 1 and 3" })
    for nodes in ["0", "-3", "1e9", "1.5", #""two""#] {
      let bytes = try changed(["endpoint"], "{\"nodes\": \(nodes)}")
      let error = #expect(throws: DataError.self) { try StoredResult(parsing: bytes, file: "x") }
      #expect(error?.path == "endpoint.nodes")
    }
  }

  @Test("what was given for the stored cost holds until it is given anew")
  func given() throws {
    var settings = CostSettings()
    settings.hardwareUsd = 900
    settings.lifeYears = 5
    settings.usdPerKWh = 0.3
    settings.utilisation = 0.4
    settings.maintenanceShare = 0.03
    settings.fixedUsdPerMonth = 10
    settings.staffHoursPerMonth = 2
    settings.staffUsdPerHour = 30
    settings.grid = "55"
    let report = try TinyRun.report(settings: settings)
    let result = try TinyRun.stored(report)
    let same = try result.completed(CostSettings())
    #expect(same.hardwareUsd == 900 && same.lifeYears == 5 && same.usdPerKWh == 0.3)
    #expect(same.utilisation == 0.4 && same.maintenanceShare == 0.03 && same.pue == nil)
    #expect(same.fixedUsdPerMonth == 10 && same.grid == "55.0" && same.residualShare == nil)
    #expect(same.staffHoursPerMonth == 2 && same.staffUsdPerHour == 30)
    let cost = try result.cost(same, tables: SiteTables.builtIn)
    let first = try #require(report.cost?.blended?.usdPerMillion)
    let again = try #require(cost.blended?.usdPerMillion)
    #expect(abs(again.best - first.best) < 1e-9 * first.best)
    #expect(abs(again.high - first.high) < 1e-9 * first.high)
    var rent = CostSettings()
    rent.rentalUsdPerHour = 2
    rent.utilisation = 0.5
    let rented = try result.completed(rent)
    #expect(rented.hardwareUsd == nil && rented.lifeYears == nil && rented.rentalUsdPerHour == 2)
    #expect(rented.utilisation == 0.5)
  }

  @Test("a rent of each node is found again, and what nobody can have given is the file's fault")
  func givenOfEach() throws {
    func stored(_ value: Double, _ source: String) throws -> StoredResult {
      var document = try #require(TinyRun.report().json.object)
      document["endpoint"] = ["nodes": 3, "local": false]
      let line: JSONValue = [
        "low": .numberOrNull(value), "value": .numberOrNull(value), "high": .numberOrNull(value),
        "unit": "$/h rented", "source": .string(source),
      ]
      document["cost"] = ["assumptions": ["machine": line]]
      return try StoredResult(parsing: JSONValue.object(document).utf8(), file: "x.json")
    }
    let three = try stored(7.5, "3 machines, of each: given").completed(CostSettings())
    #expect(three.rentalUsdPerHour == 2.5)
    #expect(try stored(7.5, "a list price").completed(CostSettings()).rentalUsdPerHour == nil)
    let error = #expect(throws: DataError.self) {
      try stored(1e300, "given").completed(CostSettings())
    }
    #expect(error?.path == "cost.assumptions")
  }

  @Test("what a server elsewhere costs is not guessed, nor from the client's processors")
  func elsewhere() throws {
    let bytes = try changed(["endpoint"], #"{"nodes": 1, "local": false}"#)
    let result = try StoredResult(parsing: bytes, file: "x")
    let error = #expect(throws: CostSettingsError.self) {
      try result.cost(CostSettings(), tables: SiteTables.builtIn)
    }
    #expect(error?.description.contains("--rental or --hardware-cost") == true)
    var settings = CostSettings()
    settings.rentalUsdPerHour = 2
    #expect(try result.cost(settings, tables: SiteTables.builtIn).output != nil)
  }

  @Test("deep, huge and truncated documents are refused, not crashed on")
  func hostile() throws {
    let deep = Array(String(repeating: "[", count: 1_000_000).utf8)
    let half = try Array(TinyRun.report().json.utf8().prefix(3000))
    for bytes in [deep, half, [], Array("null".utf8), Array("[]".utf8), [0xFF]] {
      #expect(throws: DataError.self) { try StoredResult(parsing: bytes, file: "h") }
    }
  }

  @Test("re-pricing without energy says so, and --watts supplies it")
  func watts() throws {
    var settings = CostSettings()
    settings.hardwareUsd = 1000
    let result = try TinyRun.stored(TinyRun.report(settings: settings, meter: nil))
    let unknown = try result.cost(settings, tables: SiteTables.builtIn)
    #expect(unknown.blended == nil)
    #expect(unknown.reason?.contains("no energy figure") == true)
    let known = try result.cost(settings, watts: .exactly(100), tables: SiteTables.builtIn)
    #expect(known.blended != nil)
    settings.hardwareUsd = nil
    settings.rentalUsdPerHour = 0.5
    let rented = try result.cost(settings, tables: SiteTables.builtIn)
    #expect(rented.blended != nil && rented.inputEnergyOnly == nil)
  }
}
