// What the commands that price share: today's prices, and costs of stored results.

import Analysis
import CostModel
import Measurement
import Models
import Reports

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Prices of the day and the tables behind a cost.
struct Pricing {
  let quotesByName: (String?) -> [Quote]
  let tables: SiteTables
  let book: PriceBook

  /// Larger than any price list at hand by an order of magnitude.
  static let limit = 64 << 20

  /// - Parameter files: Users' price tables beside the built-in one: ours, LiteLLM's or OpenRouter's.
  /// - Throws: `DataError` naming file, JSON path and rule.
  init(_ files: [String] = []) throws {
    let tables = try files.map { try Self.read($0).table }
    let book = PriceBook([try PriceTable.builtIn] + tables)
    let today = try Self.today()
    quotesByName = { book.quotes(for: $0, on: today) }
    self.book = book
    self.tables = try SiteTables.builtIn
    for conflict in book.resolve(on: today).conflicts {
      Output.error("moebench: warning: \(PriceList.line(conflict))\n")
    }
  }

  static func read(_ file: String) throws -> PriceImport {
    try PriceImport(
      parsing: ResultFile.bytes(file, limit: limit), file: ResultFile.name(file), seen: today())
  }

  static func today() throws -> Day {
    guard let day = Day(Date().formatted(.iso8601)) else {
      throw Failure(.system, "the clock gives no date")
    }
    return day
  }

  func quotes(for result: StoredResult) throws -> [Quote] {
    quotesByName(result.catalogueName(in: try Catalogue.builtIn))
  }

  func cost(of result: StoredResult, _ options: CostOptions, mix: TokenMix? = nil) throws -> RunCost
  {
    var settings = try options.settings()
    if let mix { settings.mix = mix }
    return try result.cost(settings, watts: try options.powerAtTheWall(), tables: tables)
  }

  func repriced(_ result: StoredResult, _ options: CostOptions) throws -> RepricedResult {
    let cost = try cost(of: result, options)
    return RepricedResult(
      result, cost: cost,
      prices: try quotes(for: result).map { PriceComparison($0, cost: cost) })
  }
}

extension CostOptions {
  /// `--watts` as an estimate; nil keeps the energy of the result.
  func powerAtTheWall() throws -> Estimate? {
    guard let watts else { return nil }
    let range = try WattsRange(flag: watts)
    return try Estimate(low: range.low, best: range.best, high: range.high, provenance: .given)
  }
}
