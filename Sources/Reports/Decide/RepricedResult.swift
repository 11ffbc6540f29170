// A stored result priced again: what `moebench cost` prints.

import Analysis
import CostModel
import Measurement
import Models
import StrictJSON

/// A result with the cost and the prices of today's assumptions.
public struct RepricedResult: Sendable {
  public static let schema = "moebench.cost/1"

  public let result: StoredResult
  public let cost: RunCost
  public let prices: [PriceComparison]

  public init(_ result: StoredResult, cost: RunCost, prices: [PriceComparison]) {
    self.result = result
    self.cost = cost
    self.prices = prices
  }

  public var json: JSONValue {
    object([
      ("schema", .string(Self.schema)),
      ("result", result.reference),
      ("cost", cost.json),
      ("prices", .array(prices.map(\.json))),
    ])
  }

  /// The result's own document with this cost and these prices in it.
  public var document: JSONValue {
    var document = result.document.object ?? JSONObject()
    document["cost"] = cost.json
    document["prices"] = .array(prices.map(\.json))
    return .object(document)
  }

  public func text(_ style: Style = .plain) -> String {
    let text = CostText(cost, prices, style: style)
    let blocks = [
      result.heading(style), text.table, text.verdict.map(style.bold), text.assumptions,
    ]
    return blocks.map { $0.joined(separator: "\n") }.joined(separator: "\n\n") + "\n"
  }
}

extension StoredResult {
  /// Which result a derived document rests on.
  var reference: JSONValue {
    object([
      ("file", .string(file)),
      ("model", .string(model.name)),
      ("source", .string(model.source)),
      ("weight_format", .string(model.weightFormat)),
      ("machine", .stringOrNull(machine.cpu)),
      ("started_at", .string(startedAt)),
      ("status", .string(status.rawValue)),
    ])
  }

  func heading(_ style: Style) -> [String] {
    var lines = wrapped(
      "\(model.name), \(model.weightFormat) · \(machineName) · \(startedAt)")
    lines[0] = style.bold(lines[0])
    if let slice = model.slice {
      lines += wrapped(
        "A slice: \(slice.measured) of \(slice.total) layers were measured; the rest is extrapolated"
      )
    }
    if status == .interrupted {
      lines.append(style.bold(Interruption.words(done: samplesDone, planned: samplesPlanned)))
    }
    return lines
  }
}
