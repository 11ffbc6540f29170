// Prices: dates, offers, quotes for a model, and what is refused in a table.

import CostModel
import Models
import StrictJSON
import Testing

private func day(_ text: String) throws -> Day { try #require(Day(text)) }

/// A table with one row, its fields replaced by `change`.
private func table(_ change: String, file: String = "mine.json") throws(DataError) -> PriceTable {
  let text = """
    {"schema":"moebench.prices/1","rows":[{"provider":"Me","model":"X","as_of":"2026-11",
    "source":"invoice",\(change)}]}
    """
  return try PriceTable(parsing: Array(text.utf8), file: file)
}

@Suite struct PriceCatalogue {
  @Test("the built-in table holds list prices and claims, each dated and sourced")
  func complete() throws {
    let rows = try PriceTable.builtIn.rows
    #expect(rows.count { $0.kind == .list } == 77)
    #expect(rows.count { $0.kind != .list } == 19)
    // What is wrong about a claim, or that it was not checked.
    #expect(rows.allSatisfy { $0.kind == .list || !$0.flags.isEmpty })
    for (id, printed) in [
      ("openai-gpt-4o-tickets-claim", "3.25"), ("anthropic-claude-opus-4-tickets-claim", "11.25"),
    ] {
      let claim = try #require(rows.first { $0.id == id })
      #expect(claim.note?.contains("cost \(printed) $") == true)
      #expect(claim.flags.first?.hasPrefix("ARITHMETIC") == true)
    }
    #expect(Set(rows.map(\.id)).count == rows.count)
    let known = Set(try Catalogue.builtIn.models.map(\.name))
    for row in rows { #expect(known.isSuperset(of: row.catalogue), "\(row.id)") }
  }

  @Test("on a day of 2025 DeepSeek-V3 costs 0.27 and 1.10, a year later nothing lists it")
  func history() throws {
    let book = PriceBook([try PriceTable.builtIn])
    let then = book.quotes(for: "deepseek-v3", on: try day("2025-06-01"))
    let standard = try #require(then.first { $0.row.timeBand == nil })
    #expect(then.allSatisfy { $0.sameModel })
    #expect(standard.row.apiPrice()?.inputUsdPerMillion == 0.27)
    #expect(standard.row.apiPrice()?.outputUsdPerMillion == 1.1)
    let now = book.quotes(for: "deepseek-v3", on: try day("2026-11-21"))
    #expect(!now.isEmpty && now.allSatisfy { !$0.sameModel })
  }

  @Test("a model without a price is set beside well-known open models, marked as others")
  func fallback() throws {
    let book = PriceBook([try PriceTable.builtIn])
    let quotes = book.quotes(for: "granite-3.1-1b-a400m", on: try day("2026-11-21"))
    #expect(quotes.count == 10)
    let clocked = quotes.filter { $0.row.timeBand != nil }.map(\.row.modelID).sorted()
    #expect(
      clocked == ["deepseek-flash", "deepseek-flash", "deepseek-v4-pro", "deepseek-v4-pro"])
    #expect(quotes.allSatisfy { !$0.sameModel && $0.row.openWeights == true })
    #expect(quotes.first?.row.id == "deepinfra-gpt-oss-20b")
    #expect(book.quotes(for: nil, on: try day("2026-11-21")) == quotes)
  }

  @Test("gpt-oss-20b has its own prices, the cheapest output first")
  func sameModel() throws {
    let quotes = PriceBook([try PriceTable.builtIn])
      .quotes(for: "gpt-oss-20b", on: try day("2026-11-21"))
    #expect(quotes.map(\.row.provider) == ["DeepInfra", "Groq"])
    #expect(quotes.allSatisfy { $0.sameModel })
  }

  @Test("an announced price takes over on its day")
  func announced() throws {
    let book = PriceBook([try PriceTable.builtIn])
    func argon(_ text: String) throws -> [Double?] {
      book.resolve(on: try day(text)).rows.filter { $0.modelID == "gemini-4-argon" }
        .map(\.usdPerMillionOutput)
    }
    #expect(try argon("2026-11-30") == [10])
    #expect(try argon("2026-12-01") == [20])
  }

  @Test("claims are never quoted as prices")
  func claims() throws {
    let table = try PriceTable.builtIn
    let rows = PriceBook([table]).resolve(on: try day("2026-06-01")).rows
    #expect(rows.allSatisfy { $0.kind == .list })
    #expect(table.rows.filter { $0.kind != .list }.allSatisfy { $0.apiPrice() == nil })
  }

  @Test("long requests pay the step's price, and none is invented where it is unknown")
  func steps() throws {
    let rows = try PriceTable.builtIn.rows
    let gemini = try #require(rows.first { $0.id == "google-gemini-3-1-pro" })
    #expect(gemini.apiPrice(inputTokensPerRequest: 200_000)?.outputUsdPerMillion == 12)
    #expect(gemini.apiPrice(inputTokensPerRequest: 200_001)?.inputUsdPerMillion == 4)
    #expect(gemini.apiPrice(inputTokensPerRequest: 200_001)?.outputUsdPerMillion == 18)
    let gpt = try #require(rows.first { $0.id == "openai-gpt-6-1-sol" })
    #expect(gpt.apiPrice(inputTokensPerRequest: 300_000) == nil)
  }

  @Test("the ticket example at today's list prices, to half a cent")
  func tickets() throws {
    let tickets = try TokenWorkload(flag: "tickets").mix
    let rows = try PriceTable.builtIn.rows
    for (id, usd) in [
      ("deepseek-deepseek-v4-1-flash-off-peak", 0.255), ("deepseek-deepseek-v4-pro-peak", 1.848),
      ("minimax-minimax-m2-5", 0.51), ("zhipu-glm-5-3", 2.02), ("moonshot-kimi-k3", 6.0),
      ("deepinfra-gpt-oss-120b", 0.0695), ("openai-gpt-6-1-sol", 4.0),
      ("anthropic-claude-opus-5-5", 8.0), ("google-gemini-4-argon", 4.0),
    ] {
      let price = try #require(rows.first { $0.id == id }?.apiPrice())
      #expect(abs(price.usd(for: tickets) - usd) < 1e-9, "\(id)")
    }
  }

  @Test("peak and off-peak shares of V4 Pro make up the week")
  func shares() throws {
    let rows = try PriceTable.builtIn.rows.filter { $0.modelID == "deepseek-v4-pro" }
    let banded = rows.filter { $0.timeBand != nil && $0.kind == .list }
    #expect(abs(banded.compactMap(\.timeShare).reduce(0, +) - 1) < 1e-5)
  }
}

@Suite struct HostilePrices {
  @Test(
    "non-finite, negative, non-numeric, missing and free prices are refused with their place",
    arguments: [
      (#""usd_per_million_input":-1,"usd_per_million_output":1"#, "must not be negative"),
      (#""usd_per_million_input":1e999,"usd_per_million_output":1"#, "not a finite number"),
      (
        #""usd_per_million_input":"0.5","usd_per_million_output":1"#,
        "is a string, must be a number"
      ),
      (#""usd_per_million_input":true,"usd_per_million_output":1"#, "is a boolean"),
      (#""usd_per_million_input":[1],"usd_per_million_output":1"#, "is an array"),
      (#""usd_per_million_input":null,"usd_per_million_output":1"#, "is missing"),
      (#""usd_per_million_output":1"#, "is missing"),
      (#""usd_per_million_input":0,"usd_per_million_output":0"#, "a price of nothing"),
      (#""usd_per_million_input":0,"usd_per_million_output":1"#, "must be above 0"),
    ])
  func prices(fields: String, rule: String) {
    let error = #expect(throws: DataError.self) { try table(fields) }
    #expect(error?.description.hasPrefix("mine.json: rows[0].usd_per_million_input: ") == true)
    #expect(error?.description.contains(rule) == true, "\(error?.description ?? "accepted")")
  }

  @Test("a price of 0 marked as free is taken, a cached price above the input's is doubtful")
  func doubts() throws {
    let free = try table(
      #""usd_per_million_input":0,"usd_per_million_output":1,"flags":["free"]"#)
    #expect(free.rows.first?.usdPerMillionInput == 0 && free.rows.first?.doubts == [])
    func doubts(_ cached: String) throws -> [String] {
      try table(
        #""usd_per_million_input":1,"usd_per_million_output":2,"usd_per_million_cached_input":"#
          + cached
      ).rows.flatMap(\.doubts)
    }
    #expect(try doubts("0.1") == [] && doubts("1") == [] && doubts("null") == [])
    #expect(try doubts("1.5").first?.contains("costs more") == true)
    #expect(try doubts("0").first?.contains("free or unknown") == true)
    #expect(try PriceTable.builtIn.rows.allSatisfy { $0.doubts.isEmpty })
  }

  @Test("a cache hit at 0 is priced as input unless it is marked as free")
  func freeHits() throws {
    let prices =
      #""usd_per_million_input":1,"usd_per_million_output":2,"usd_per_million_cached_input":0"#
    let row = try #require(try table(prices).rows.first)
    #expect(row.apiPrice()?.cachedInputUsdPerMillion == nil)
    let free = try #require(try table(prices + #","flags":["free"]"#).rows.first)
    #expect(free.apiPrice()?.cachedInputUsdPerMillion == 0)
  }

  @Test("a batch that takes all of the price off is refused")
  func freeBatch() throws {
    let prices = #""usd_per_million_input":1,"usd_per_million_output":2,"batch_discount":"#
    #expect(try table(prices + "0.5").rows.first?.batchDiscount == 0.5)
    let error = #expect(throws: DataError.self) { try table(prices + "1") }
    #expect(error?.path == "rows[0].batch_discount")
  }

  @Test(
    "NaN, duplicate keys, comments and truncation are no JSON",
    arguments: [
      #""usd_per_million_input":NaN,"usd_per_million_output":1"#,
      #""usd_per_million_input":1,"usd_per_million_input":2,"usd_per_million_output":1"#,
      #""usd_per_million_input":1, // two"#, #""usd_per_million_input":1,"x":"#,
    ])
  func notJSON(fields: String) {
    let error = #expect(throws: DataError.self) { try table(fields) }
    #expect(error?.path == "")
  }

  @Test("a row without a source or with an impossible day is refused")
  func origin() {
    let prices = #""usd_per_million_input":1,"usd_per_million_output":1"#
    #expect(throws: DataError.self) { try table(prices + #","valid_from":"2026-13-01""#) }
    #expect(throws: DataError.self) { try table(prices + #","valid_from":"2026-02-30""#) }
    #expect(throws: DataError.self) {
      try table(prices + #","valid_from":"2026-05-01","valid_to":"2026-04-01""#)
    }
    let anonymous = #"{"schema":"moebench.prices/1","rows":[{"provider":"Me","model":"X"}]}"#
    let error = #expect(throws: DataError.self) {
      try PriceTable(parsing: Array(anonymous.utf8), file: "mine.json")
    }
    #expect(error?.path == "rows[0].as_of")
  }

  @Test(
    "an unknown schema, a table without rows and a bare list are refused",
    arguments: [
      #"{"schema":"moebench.prices/2","rows":[]}"#, #"{"rows":[]}"#, "[]", "3",
      #"{"schema":"moebench.prices/1","rows":[]}"#, #"{"schema":"moebench.prices/1","rows":3}"#,
      "",
    ])
  func documents(text: String) {
    #expect(throws: DataError.self) {
      try PriceTable(parsing: Array(text.utf8), file: "mine.json")
    }
  }

  @Test("hostile names do not break the message's line")
  func names() throws {
    let error = #expect(throws: DataError.self) {
      try table(
        #""usd_per_million_input":-1,"usd_per_million_output":1"#, file: "a\u{1b}[31m\nb.json")
    }
    let text = try #require(error?.description)
    #expect(!text.contains("\n") && !text.contains("\u{1b}"))
    #expect(text.utf8.count < 300)
  }
}

@Suite struct DayTests {
  @Test("days are read as dates or months and compared in order")
  func reading() throws {
    #expect(Day("2026-11-21")?.description == "2026-11-21")
    #expect(Day("2026-02 (undated article)")?.description == "2026-02-01")
    #expect(try day("2025-09-05") < day("2025-09-29"))
    #expect(Day("2024-02-29") != nil && Day("2025-02-29") == nil)
    for text in ["", "2026", "26-01-01", "2026-1-1", "2026-00-01", "yesterday", "2026-11-21-1"] {
      #expect(Day(text) == nil, "\(text)")
    }
  }
}

@Suite struct WorkloadTests {
  @Test("the built-in workloads and scenarios are read")
  func builtIn() throws {
    let names = Set(try TokenWorkload.builtIn.map(\.name))
    #expect(names == ["tickets", "assistant", "agent", "chat", "summaries"])
    #expect(try TokenWorkload.builtIn.filter(\.acceptsBatch).map(\.name) == ["summaries"])
    #expect(try Scenario.builtIn.map(\.apiFactor) == [1, 1.34, 1.83, 0.1, 1])
  }

  @Test("a workload by hand is in:out with a cached share or percentage")
  func byHand() throws {
    let workload = try TokenWorkload(flag: "1000:200:90%")
    #expect(workload.mix.cachedShare == 0.9 && !workload.acceptsBatch)
    #expect(try TokenWorkload(flag: "1000:200:0.9").mix == workload.mix)
    for flag in [
      "", "1:2:3", "a:b", "1", "-1:2", "nan:1", "inf:1", "0:0", "1:2:3:4", "0x10:5", "1e3:5",
      "1:2:nan", "1:2:0x1p-1", "9999999999999:1",
    ] {
      #expect(throws: WorkloadError.self) { try TokenWorkload(flag: flag) }
    }
  }
}
