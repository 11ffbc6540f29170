// Users' price tables beside the built-in one: which price of an offer wins, and what it takes over.

import Models
import Testing

private func day(_ text: String) throws -> Day { try #require(Day(text)) }

@Suite struct UserPrices {
  @Test("a user's later price of an offer wins and the conflict is shown")
  func later() throws {
    let row = """
      {"schema":"moebench.prices/1","rows":[{"provider":"DeepInfra","model":"gpt-oss-20b",
      "model_id":"openai/gpt-oss-20b","catalogue":["gpt-oss-20b"],"as_of":"2026-11-20",
      "source":"contract","usd_per_million_input":0.02,"usd_per_million_output":0.1}]}
      """
    let mine = try PriceTable(parsing: Array(row.utf8), file: "mine.json")
    let (rows, conflicts) = PriceBook([try PriceTable.builtIn, mine])
      .resolve(on: try day("2026-11-21"))
    #expect(rows.first { $0.offer == "deepinfra|openai/gpt-oss-20b||" }?.source == "contract")
    #expect(conflicts.count == 1)
    #expect(conflicts.first?.usedOrigin == "mine.json")
    #expect(conflicts.first?.other.usdPerMillionOutput == 0.14)
  }

  @Test("a user's older price loses and the conflict is shown all the same")
  func older() throws {
    let row = """
      {"schema":"moebench.prices/1","rows":[{"provider":"DeepInfra","model":"gpt-oss-20b",
      "model_id":"openai/gpt-oss-20b","as_of":"2025-01","source":"old invoice",
      "usd_per_million_input":9,"usd_per_million_output":9}]}
      """
    let mine = try PriceTable(parsing: Array(row.utf8), file: "mine.json")
    let (rows, conflicts) = PriceBook([try PriceTable.builtIn, mine])
      .resolve(on: try day("2026-11-21"))
    #expect(
      rows.first { $0.offer == "deepinfra|openai/gpt-oss-20b||" }?.usdPerMillionOutput == 0.14)
    #expect(conflicts.map(\.usedOrigin) == ["built-in prices"])
  }

  @Test("a user's price takes the place of the built-in one wherever that was shown")
  func takesPlace() throws {
    let row = """
      {"schema":"moebench.prices/1","rows":[{"provider":"DeepInfra","model":"mine",
      "model_id":"openai/gpt-oss-20b","as_of":"2026-11-20",
      "source":"contract","usd_per_million_input":0.02,"usd_per_million_output":0.1}]}
      """
    let book = PriceBook([
      try PriceTable.builtIn, try PriceTable(parsing: Array(row.utf8), file: "mine.json"),
    ])
    let today = try day("2026-11-21")
    let others = book.quotes(for: nil, on: today)
    #expect(others.count == 10 && others.first?.row.source == "contract")
    let same = book.quotes(for: "gpt-oss-20b", on: today)
    #expect(same.map(\.row.provider) == ["DeepInfra", "Groq"])
    #expect(same.first?.row.usdPerMillionOutput == 0.1)
  }

  @Test("a provider's name before the model's does not hide that two rows are one offer")
  func prefixed() throws {
    let map = """
      {"deepinfra/openai/gpt-oss-20b":{"input_cost_per_token":9e-6,"output_cost_per_token":9e-6,
      "litellm_provider":"deepinfra","mode":"chat"}}
      """
    let seen = try day("2026-11-21")
    let mine = try PriceImport(parsing: Array(map.utf8), file: "theirs.json", seen: seen).table
    let book = PriceBook([try PriceTable.builtIn, mine])
    #expect(book.resolve(on: seen).conflicts.map(\.usedOrigin) == ["theirs.json"])
    #expect(book.quotes(for: "gpt-oss-20b", on: seen).map(\.row.usdPerMillionInput) == [0.075, 9])
  }

  @Test("the price seen later wins, whenever it began to hold; another tier is another offer")
  func seenLater() throws {
    func row(_ fields: String) -> String {
      """
      {"provider":"P","model":"m","source":"s","usd_per_million_input":1,\(fields)}
      """
    }
    func table(_ rows: String..., file: String) throws -> PriceTable {
      let text = #"{"schema":"moebench.prices/1","rows":["# + rows.joined(separator: ",") + "]}"
      return try PriceTable(parsing: Array(text.utf8), file: file)
    }
    let first = try table(row(#""as_of":"2026-11-21","usd_per_million_output":2"#), file: "a")
    let second = try table(
      row(#""as_of":"2026-12-01","valid_from":"2026-11-01","usd_per_million_output":3"#),
      row(#""id":"f","tier":"fast","as_of":"2026-12-01","usd_per_million_output":4"#), file: "b")
    for tables in [[first, second], [second, first]] {
      let (rows, conflicts) = PriceBook(tables).resolve(on: try day("2026-12-02"))
      #expect(Set(rows.map(\.usdPerMillionOutput)) == [3, 4])
      #expect(conflicts.map(\.usedOrigin) == ["b"])
    }
  }

  @Test("a table written out reads back the same")
  func roundTrip() throws {
    let table = try PriceTable.builtIn
    let again = try PriceTable(parsing: table.json.utf8(pretty: true), file: "again.json")
    #expect(again.rows == table.rows)
  }
}
