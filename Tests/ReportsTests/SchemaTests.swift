// Real documents against the published schemas; the validator itself must be able to say no.

import Analysis
import CostModel
import Models
import Reports
import StrictJSON
import TestSupport
import Testing

@Suite struct SchemaTests {
  private func validator(_ name: String) throws -> SchemaValidator {
    try SchemaValidator(named: name)
  }

  @Test("a real run's document is valid")
  func run() throws {
    let violations = try validator("result").violations(of: TinyRun.report().json)
    #expect(violations == [])
  }

  @Test("a run without any energy is valid, and its document says why there is none")
  func runWithoutEnergy() throws {
    var settings = CostSettings()
    settings.hardwareUsd = 1000
    let report = try TinyRun.report(settings: settings, meter: nil)
    #expect(try validator("result").violations(of: report.json) == [])
    let energy = report.json["tests"]?[0]?["energy"]
    #expect(energy?["joules_per_token"]?.isNull == true)
    #expect(energy?["reason"]?.string?.isEmpty == false)
    #expect(report.json["cost"]?["reason"]?.string?.contains("no energy") == true)
  }

  @Test("documents made from a stored result are valid")
  func derived() throws {
    let result = try TinyRun.stored(TinyRun.report())
    let cost = try result.cost(CostSettings(), tables: SiteTables.builtIn)
    let repriced = RepricedResult(
      result, cost: cost, prices: try TinyRun.quotes().map { PriceComparison($0, cost: cost) })
    #expect(try validator("cost").violations(of: repriced.json) == [])
    let question = Question(
      workload: try TokenWorkload(flag: "chat"), traffic: try Traffic(parsing: "5M/day"))
    let advice = try Advice(
      question, cost: result.cost(CostSettings(), tables: SiteTables.builtIn),
      quotes: TinyRun.quotes(), scenarios: Scenario.builtIn)
    #expect(
      try validator("decision").violations(of: AdviceReport(result, advice: advice).json) == [])
    let comparison = ResultComparison(baseline: result, candidate: result, threshold: 0.05)
    #expect(try validator("comparison").violations(of: comparison.json) == [])
  }

  @Test("the built-in prices are valid")
  func prices() throws {
    let table = try PriceTable.builtIn
    #expect(try validator("prices").violations(of: table.json) == [])
  }

  @Test(
    "the validator rejects a changed document",
    arguments: [
      ("schema", #""moebench.result/2""#), ("status", #""done""#), ("tests", "[]"),
      ("tests", #"[{"label": 1}]"#), ("model", "null"), ("cost", "{}"), ("started_at", "5"),
    ])
  func rejects(key: String, text: String) throws {
    var document = try #require(TinyRun.report().json.object)
    document[key] = try JSONValue(parsing: text)
    #expect(try validator("result").violations(of: .object(document)) != [])
    document[key] = nil
    #expect(try validator("result").violations(of: .object(document)) == ["$: lacks \(key)"])
  }

  @Test("the validator rejects by every keyword it knows, and keywords it does not know")
  func keywords() throws {
    let cases = [
      (#"{"type": "integer"}"#, "1.5"), (#"{"enum": ["a"]}"#, #""b""#),
      (#"{"minimum": 0}"#, "-1"), (#"{"maximum": 1}"#, "2"), (#"{"exclusiveMinimum": 0}"#, "0"),
      (#"{"items": {"type": "null"}}"#, "[1]"), (#"{"minItems": 1}"#, "[]"),
      (#"{"properties": {}, "additionalProperties": false}"#, #"{"a": 1}"#),
      (#"{"anyOf": [{"type": "null"}, {"type": "string"}]}"#, "1"),
      (##"{"$ref": "#/$defs/none"}"##, "1"), (#"{"pattern": "a"}"#, #""a""#),
    ]
    for (schema, document) in cases {
      let validator = SchemaValidator(try JSONValue(parsing: schema))
      #expect(validator.violations(of: try JSONValue(parsing: document)) != [], "\(schema)")
    }
  }
}
