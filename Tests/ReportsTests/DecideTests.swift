// Comparisons and verdicts made from stored results.

import Analysis
import CostModel
import Models
import Reports
import StrictJSON
import TestSupport
import Testing

@Suite struct DecideTests {
  /// A result whose decode takes `factor` times as long, repetition by repetition.
  private func slowed(_ report: RunReport, by factor: Double) throws -> StoredResult {
    var document = try #require(report.json.object)
    document["tests"] = .array(
      try #require(document["tests"]?.array).map { test in
        var test = try #require(test.object)
        test["tokens_per_second"] = .null
        let samples = try #require(test["samples"]?.array)
        test["samples"] = .array(
          try samples.enumerated().map { index, sample in
            var sample = try #require(sample.object)
            // Steady speeds of the same spread, as this machine may be busy.
            sample["seconds"] = JSONValue((1 + 0.001 * Double(index)) * factor)
            return .object(sample)
          })
        return .object(test)
      })
    return try StoredResult(parsing: JSONValue.object(document).utf8(), file: "\(factor).json")
  }

  @Test("a result compared with itself is within noise; a tenth slower is a regression")
  func comparison() throws {
    let report = try TinyRun.report()
    let base = try slowed(report, by: 1)
    let same = ResultComparison(baseline: base, candidate: base, threshold: 0.05)
    #expect(same.rows.count == 3 && same.regressions.isEmpty && same.warnings.isEmpty)
    #expect(same.rows.allSatisfy { $0.comparison.verdict == .withinNoise })
    let slow = try slowed(report, by: 1.1)
    let worse = ResultComparison(baseline: base, candidate: slow, threshold: 0.05)
    #expect(worse.regressions.count == 3)
    #expect(worse.text().contains("-9.1 % worse"))
    #expect(
      ResultComparison(baseline: base, candidate: slow, threshold: 0.2).regressions.isEmpty)
    #expect(
      ResultComparison(baseline: slow, candidate: base, threshold: 0.05).regressions.isEmpty)
  }

  @Test("what a comparison could not have seen is said: too much noise, or one sample")
  func blind() throws {
    func result(_ seconds: [Double]) throws -> StoredResult {
      var document = try #require(slowed(TinyRun.report(), by: 1).document.object)
      var test = try #require(document["tests"]?[0]?.object)
      test["samples"] = .array(
        seconds.map { ["seconds": .numberOrNull($0), "tokens": 100] })
      document["tests"] = [.object(test)]
      return try StoredResult(parsing: JSONValue.object(document).utf8(), file: "a.json")
    }
    let steady = try result([1, 1.001, 1.002, 1.001, 1])
    let noisy = try result([1, 1.4, 0.8, 1.2, 1])
    let single = try result([1])
    func comparison(_ candidate: StoredResult) -> ResultComparison {
      ResultComparison(baseline: steady, candidate: candidate, threshold: 0.05)
    }
    #expect(comparison(steady).blind.isEmpty)
    #expect(!comparison(steady).text().contains("looked like noise"))
    #expect(comparison(noisy).blind.count == 1)
    #expect(comparison(noisy).text().contains("A loss below "))
    #expect(comparison(single).text().contains("A loss of any size"))
    let json = comparison(noisy).json
    #expect(json["tests"]?[0]?["smallest_loss"]?.double ?? 0 > 0.05)
    let schema = SchemaValidator(
      try RepositoryFile.json("Sources/Reports/Schemas/comparison.schema.json"))
    #expect(schema.violations(of: json) == [])
    #expect(schema.violations(of: comparison(single).json) == [])
  }

  /// One decode test for each count of threads, which is as fast as it has threads.
  private func threaded(_ counts: [Int?]) throws -> StoredResult {
    var document = try #require(slowed(TinyRun.report(), by: 1).document.object)
    let first = try #require(document["tests"]?[0]?.object)
    document["tests"] = .array(
      counts.map { count in
        var test = first
        test["n_threads"] = .intOrNull(count)
        test["samples"] = .array(
          (0..<5).map { index in
            let seconds = (1 + 0.001 * Double(index)) / Double(count ?? 1)
            return ["seconds": .numberOrNull(seconds), "tokens": 100]
          })
        return .object(test)
      })
    return try StoredResult(.object(document), file: "threads.json")
  }

  @Test("tests are compared with those of as many threads")
  func threads() throws {
    func compare(_ a: [Int?], _ b: [Int?]) throws -> ResultComparison {
      ResultComparison(baseline: try threaded(a), candidate: try threaded(b), threshold: 0.05)
    }
    let some = try compare([2, 4], [1, 2, 4])
    #expect(some.rows.allSatisfy { $0.comparison.verdict == .withinNoise })
    #expect(some.rows.map { $0.label.suffix(3) } == [" t2", " t4"])
    #expect(some.unmatched.count == 1 && some.unmatched[0].hasSuffix(" t1 (candidate)"))
    #expect(some.warnings.isEmpty && some.regressions.isEmpty)
    // The only ones of this work: compared, and the difference is named.
    let other = try compare([4], [2])
    #expect(other.rows.map { $0.label.suffix(6) } == [" t4/t2"])
    #expect(other.warnings.count == 1 && other.warnings[0].hasSuffix("threads differ: 4 and 2"))
    // Which of the two would it be?
    #expect(try compare([8], [2, 4]).rows.isEmpty)
    #expect(try compare([nil], [4]).warnings.first?.hasSuffix("unknown and 4") == true)
  }

  @Test("unlike models are compared only with a warning that names the difference")
  func warnings() throws {
    let a = try TinyRun.stored(TinyRun.report(name: "one"))
    let b = try TinyRun.stored(TinyRun.report(name: "two"))
    let comparison = ResultComparison(baseline: a, candidate: b, threshold: 0.05)
    #expect(comparison.warnings == ["model differs: one and two"])
  }

  private func advice(_ traffic: String, _ settings: CostSettings, watts: Double) throws
    -> AdviceReport
  {
    let result = try slowed(TinyRun.report(), by: 1)
    let cost = try result.cost(settings, watts: .exactly(watts), tables: SiteTables.builtIn)
    let question = Question(
      workload: try TokenWorkload(flag: "chat"), traffic: try Traffic(parsing: traffic))
    return AdviceReport(
      result,
      advice: try Advice(
        question, cost: cost, quotes: TinyRun.quotes(), scenarios: Scenario.builtIn))
  }

  @Test("electricity dearer than the API: no break-even exists, with the reason")
  func never() throws {
    var settings = CostSettings()
    settings.hardwareUsd = 1000
    let report = try advice("1k/day", settings, watts: 300)
    #expect(report.json["verdict"]?.string == "never_breaks_even")
    #expect(report.json["break_even"]?["exists"]?.bool == false)
    #expect(report.json["break_even"]?["reason"]?.string?.contains("no break-even exists") == true)
    #expect(report.headline.contains("no break-even exists"))
  }

  @Test("traffic beyond the machine: it cannot serve it, and how many machines would")
  func cannotServe() throws {
    var settings = CostSettings()
    settings.rentalUsdPerHour = 0.1
    let report = try advice("1B/day", settings, watts: 10)
    #expect(report.json["verdict"]?.string == "cannot_serve")
    #expect((report.json["machines_needed"]?.int ?? 0) > 1)
    #expect(report.headline == "This machine cannot serve it")
  }

  @Test("a break-even beyond the machine exists in none of document and text")
  func beyondCapacity() throws {
    var settings = CostSettings()
    settings.rentalUsdPerHour = 0.1
    let report = try advice("100k/day", settings, watts: 10)
    let found = try #require(report.json["break_even"])
    #expect(found["status"]?.string == "beyond_capacity")
    #expect(found["exists"]?.bool == false && found["million_tokens_per_month"]?.isNull == true)
    #expect(found["reason"]?.string?.hasPrefix("no break-even exists: ") == true)
    #expect(report.headline == "Pay the API: no break-even exists")
    #expect(report.sentences.contains { $0.hasPrefix("No break-even exists: ") })
  }

  @Test("the same model's price comes first, and every line fits 80 columns")
  func text() throws {
    var settings = CostSettings()
    settings.rentalUsdPerHour = 0.1
    let report = try advice("100k/day", settings, watts: 10)
    #expect(report.json["against"]?["same_model"]?.bool == true)
    for line in report.text().split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
    for line in try TinyRun.report(name: PageTests.hostile).text().split(separator: "\n") {
      #expect(line.count <= 80, "\(line)")
      #expect(!line.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x202E })
    }
  }

  /// 0.1 $ an hour are 73 $ a month whatever the use, and the machine's tokens cost nothing more.
  @Test("a router's share here pays for the whole machine, a cascade tries it for all")
  func cascadeHere() throws {
    var settings = CostSettings()
    settings.rentalUsdPerHour = 0.1
    let report = try advice("100k/day", settings, watts: 10)
    let millions = report.advice.question.traffic.millionTokensPerMonth
    let dear = report.advice.primary.decision.apiUsdPerMillion.best
    let cascade = try AdviceReport.Cascade(
      here: report.advice, dear: ("API", dear), cheapShare: 0.2)
    #expect(abs(cascade.cheapUsdPerMillion / (73 / (0.2 * millions)) - 1) < 1e-12)
    #expect(abs(cascade.cheapUsdPerMillionOfAll / (73 / millions) - 1) < 1e-12)
    let all = 73 / millions + 0.8 * dear
    #expect(abs(cascade.router.usdPerMillion / all - 1) < 1e-12)
    #expect(abs(cascade.cascade.usdPerMillion / all - 1) < 1e-12)
  }

  private func quotes(_ model: String?) throws -> [Quote] {
    PriceBook([try PriceTable.builtIn]).quotes(
      for: model, on: try #require(Day("2026-11-21")))
  }

  @Test("V4 Pro by the clock costs 35 of 168 hours its peak price, whichever model it is beside")
  func peakHours() throws {
    for model in [nil, "deepseek-v4-pro"] {
      func week(_ mix: TokenMix, _ band: PriceRow.TimeBand? = nil) throws -> Estimate {
        let offers = Offer.all(
          try quotes(model), mix: mix, inputTokensPerRequest: 1000, band: band)
        return try #require(offers.first { $0.row.modelID == "deepseek-v4-pro" }).usdPerMillion
      }
      #expect(abs(try week(.inputOnly).best - 0.7975) < 1e-5)
      #expect(abs(try week(.outputOnly).best - 2.3925) < 1e-5)
      let blend = try week(.threeToOne)
      #expect(abs(blend.low - 0.99) < 1e-9 && abs(blend.high - 1.98) < 1e-9)
      #expect(abs(try week(.threeToOne, .offPeak).best - 0.99) < 1e-9)
      let offers = Offer.all(try quotes(model), mix: .threeToOne, inputTokensPerRequest: 1000)
      let pro = try #require(offers.first { $0.row.modelID == "deepseek-v4-pro" })
      #expect(pro.name == "DeepSeek V4 Pro at DeepSeek over the week")
    }
  }

  @Test("of an offer whose peak hours have no price there is none for the week")
  func halfAWeek() throws {
    let offPeak = try quotes("deepseek-v4-pro").filter { $0.row.timeBand == .offPeak }
    #expect(!offPeak.isEmpty)
    func offers(_ band: PriceRow.TimeBand?) -> [Offer] {
      Offer.all(offPeak, mix: .threeToOne, inputTokensPerRequest: 1000, band: band)
    }
    #expect(offers(nil).isEmpty && offers(.offPeak).count == 1)
  }

  @Test("decide shows the utilisation that the traffic makes, not the one that cost assumes")
  func utilisation() throws {
    var settings = CostSettings()
    settings.rentalUsdPerHour = 0.1
    let report = try advice("100k/day", settings, watts: 10)
    let used = report.advice.primary.decision.utilisation
    let lines = report.text().split(separator: "\n").filter { $0.hasPrefix("  utilisation") }
    #expect(lines.count == 1 && lines[0].contains(Number.short(used)))
    #expect(lines.first?.hasSuffix("from the traffic") == true)
  }

  @Test("a machine that pays back after its life is said to, and a close call to be one")
  func slowPayback() throws {
    var settings = CostSettings()
    settings.hardwareUsd = 82.8
    settings.usdPerKWh = 0
    let result = try slowed(TinyRun.report(), by: 1)
    func decide(_ millions: Double) throws -> AdviceReport {
      let cost = try result.cost(settings, watts: .exactly(1), tables: SiteTables.builtIn)
      let question = Question(
        workload: try TokenWorkload(flag: "chat"),
        traffic: try Traffic(millionTokensPerMonth: millions))
      return AdviceReport(
        result,
        advice: try Advice(question, cost: cost, quotes: TinyRun.quotes(), scenarios: []))
    }
    // 82.8 $ over 60 months and 5 % of it a year are 1.725 $ a month, the API's 30 M tokens.
    let price = try decide(1).advice.primary.decision.apiUsdPerMillion.best
    let slow = try decide((82.8 / 60 + 82.8 * 0.05 / 12) / price)
    #expect(
      slow.sentences.contains { $0.contains("pays back in 60.0 months, longer than its life") })
    #expect(!slow.sentences.contains { $0.hasPrefix("What the machine costs is assumed") })
    for millions in [20.0, 30, 40] {
      let report = try decide(millions)
      let surety = try #require(report.sentences.first { $0.contains("draws over all ranges") })
      let confidence = report.advice.primary.decision.confidence
      #expect(surety.hasPrefix("Only ") == (confidence < 0.95))
    }
  }

  @Test("a server elsewhere is never priced as this machine, and of several nodes all are paid for")
  func servers() throws {
    func served(_ nodes: Int, local: Bool) throws -> StoredResult {
      var document = try #require(slowed(TinyRun.report(), by: 1).document.object)
      document["endpoint"] = .object(
        try #require(
          JSONValue(parsing: #"{"local":\#(local),"nodes":\#(nodes)}"#).object))
      document["cost"] = .null
      return try StoredResult(.object(document), file: "served.json")
    }
    let elsewhere = try served(1, local: false)
    #expect(throws: CostSettingsError.self) {
      try elsewhere.cost(CostSettings(), watts: .exactly(100), tables: SiteTables.builtIn)
    }
    for settings in [
      { $0.rentalUsdPerHour = 2 }, { $0.hardwareUsd = 10_000 },
    ] as [(inout CostSettings) -> Void] {
      var each = CostSettings()
      settings(&each)
      func output(_ nodes: Int) throws -> Double {
        let cost = try served(nodes, local: false).cost(
          each, watts: .exactly(100), tables: SiteTables.builtIn)
        return try #require(cost.output?.usdPerMillion.best)
      }
      #expect(abs(try output(4) / output(1) - 4) < 1e-9)
    }
    #expect(throws: DataError.self) { try served(0, local: true) }
    var settings = CostSettings()
    settings.rentalUsdPerHour = 2
    let cost = try served(4, local: false).cost(
      settings, watts: .exactly(100), tables: SiteTables.builtIn)
    let question = Question(
      workload: try TokenWorkload(flag: "chat"), traffic: try Traffic(parsing: "1M/day"))
    let report = AdviceReport(
      try served(4, local: false),
      advice: try Advice(question, cost: cost, quotes: TinyRun.quotes(), scenarios: []))
    #expect(report.sentences.contains { $0.contains("the 4 nodes that were measured") })
    #expect(report.text().contains("a server elsewhere"))
  }

  @Test("where requests may wait, a known batch discount is an offer of its own")
  func batches() throws {
    let workload = try TokenWorkload(flag: "summaries")
    func offers(_ batch: Bool) throws -> [Offer] {
      Offer.all(
        try quotes("gpt-oss-20b"), mix: workload.mix,
        inputTokensPerRequest: workload.inputTokensPerRequest, batch: batch)
    }
    let plain = try offers(false)
    #expect(plain.map(\.batchDiscount) == [nil, nil])
    let both = try offers(true)
    // Groq halves its price for batches; DeepInfra publishes none.
    let batched = both.filter { $0.batchDiscount != nil }
    #expect(both.count == 3 && batched.map(\.row.provider) == ["Groq"])
    let whole = try #require(plain.first { $0.row.provider == "Groq" }).usdPerMillion
    #expect(batched.first?.usdPerMillion.best == whole.best / 2)
    #expect(batched.first?.name.hasSuffix("in batches") == true)
  }

  @Test("a cascade pays the cheap model always, a router only for its own share")
  func cascade() throws {
    let cascade = try AdviceReport.Cascade(
      cheap: ("a", 1), dear: ("b", 10), cheapShare: 0.7)
    #expect(abs(cascade.router.usdPerMillion - 3.7) < 1e-12)
    #expect(abs(cascade.cascade.usdPerMillion - 4) < 1e-12)
  }

  @Test("a cheap model that is not cheaper is said to be none, and as much is not 0 % more")
  func notCheap() throws {
    var settings = CostSettings()
    settings.rentalUsdPerHour = 0.1
    let report = try advice("100k/day", settings, watts: 10)
    let same = try AdviceReport.Cascade(cheap: ("a", 1), dear: ("b", 1), cheapShare: 0.7)
    let text = AdviceReport(report.result, advice: report.advice, cascade: same).text()
    #expect(text.contains("The one named cheap is not"))
    #expect(text.contains("as much as the dear one alone") && !text.contains("0.0 % more"))
  }
}
