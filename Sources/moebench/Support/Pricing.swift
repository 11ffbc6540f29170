// What the commands that price share: today's prices, and costs of stored results.

import Analysis
import CostModel
import Measurement
import Models
import Reports
import StrictJSON

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

  /// The built-in table, those the user keeps in `prices` of the data folder, and those named for this run.
  ///
  /// - Parameter files: Price tables: ours, LiteLLM's or OpenRouter's.
  /// - Throws: `DataError` naming file, JSON path and rule.
  init(_ files: [String]) throws {
    let book = PriceBook(try Self.tables(files))
    let today = try Self.today()
    quotesByName = { book.quotes(for: $0, on: today) }
    self.book = book
    self.tables = try SiteTables.builtIn
    for conflict in book.resolve(on: today).conflicts {
      Output.error("moebench: warning: \(PriceList.line(conflict))\n")
    }
  }

  /// Later ones win where dates do not decide.
  static func tables(_ files: [String]) throws -> [PriceTable] {
    try [.builtIn] + (keptFiles() + files).map { try read($0).table }
  }

  /// The user's own tables, by name; none where there is no such folder.
  private static func keptFiles() throws -> [String] {
    guard let data = UserFolder.data.path(ProcessInfo.processInfo.environment) else { return [] }
    let folder = data + "/prices"
    guard FileManager.default.fileExists(atPath: folder) else { return [] }
    do {
      return try FileManager.default.contentsOfDirectory(atPath: folder)
        .filter { $0.hasSuffix(".json") }.sorted().map { "\(folder)/\($0)" }
    } catch {
      throw Failure(.inputOutput, "\(folder): cannot be listed")
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
    return try result.cost(
      result.completed(settings), watts: try options.powerAtTheWall(), tables: tables)
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
    try AssumptionField.decodeWatts.check(range.high, as: "--watts")
    return try Estimate(low: range.low, best: range.best, high: range.high, provenance: .given)
  }
}
