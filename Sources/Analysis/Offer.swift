// An API's price for a workload: peak and off-peak hours joined by their share of the week.

import CostModel
import Models

/// What one provider takes for one model, whatever the hour.
public struct Offer: Sendable {
  /// One row, or the peak and off-peak row of one offer.
  public let rows: [PriceRow]
  public let sameModel: Bool
  /// Blended USD per million tokens of the workload: the mean over the week, off-peak to peak.
  public let usdPerMillion: Estimate
  /// A cache hit had to be priced as ordinary input.
  public let assumesNoCacheDiscount: Bool
  /// Share taken off because the requests wait in a batch; nil where each is answered at once.
  public let batchDiscount: Double?

  public var row: PriceRow { rows[0] }

  /// Without the hours where the price is of all of them.
  public var model: String {
    guard rows.count > 1 else { return row.model }
    let hours = [" off-peak", " peak"].first { row.model.lowercased().hasSuffix($0) }
    return String(row.model.dropLast(hours?.count ?? 0))
  }

  /// Model and provider, as a sentence says them.
  public var name: String {
    "\(model) at \(row.provider)" + (rows.count > 1 ? " over the week" : "")
      + (batchDiscount == nil ? "" : " in batches")
  }

  /// - Parameters:
  ///   - band: Only the hours of this band, where the offer has any.
  ///   - batch: At the price of batches.
  /// - Returns: nil where a price for requests of this length, or a batch's, or of some of the hours is not known.
  init?(
    _ rows: [PriceRow], sameModel: Bool, mix: TokenMix, inputTokensPerRequest: Double,
    band: PriceRow.TimeBand? = nil, batch: Bool = false
  ) {
    let held = rows.filter { band == nil || $0.timeBand == nil || $0.timeBand == band }
    let discounts = held.compactMap { $0.batchDiscount ?? 0 > 0 ? $0.batchDiscount : nil }
    if batch, discounts.count != held.count { return nil }
    let priced = held.compactMap { row -> (row: PriceRow, usd: Double)? in
      row.apiPrice(inputTokensPerRequest: inputTokensPerRequest).map {
        (row, $0.usdPerMillion(for: mix) * (batch ? 1 - (row.batchDiscount ?? 0) : 1))
      }
    }
    guard let low = priced.map(\.usd).min(), let high = priced.map(\.usd).max(), low > 0,
      priced.count == held.count
    else { return nil }
    // Of the hours of one band alone no week can be paid.
    if band == nil, Set(held.map(\.timeBand)).count == 1, held[0].timeBand != nil { return nil }
    // A band holds for its share of the week; the other for what that leaves.
    let share =
      priced.first { $0.usd == high }?.row.timeShare
      ?? priced.first { $0.usd == low }?.row.timeShare.map { 1 - $0 } ?? 0.5
    let mean = priced.count > 1 ? low + (high - low) * share : low
    self.rows = priced.sorted { $0.usd < $1.usd }.map(\.row)
    self.sameModel = sameModel
    batchDiscount = batch ? discounts.min() : nil
    usdPerMillion = .between(low, min(max(mean, low), high), high)
    assumesNoCacheDiscount = priced.contains { pair in
      pair.row.apiPrice(inputTokensPerRequest: inputTokensPerRequest)?
        .assumesNoCacheDiscount(for: mix) ?? false
    }
  }
}

extension Offer {
  /// All offers for a workload, the same model's first, the cheapest first among equals.
  ///
  /// - Parameter batch: Whether its requests may wait: a batch's price is then an offer of its own,
  ///   where a discount is known.
  public static func all(
    _ quotes: [Quote], mix: TokenMix, inputTokensPerRequest: Double,
    band: PriceRow.TimeBand? = nil, batch: Bool = false
  ) -> [Offer] {
    var groups: [(key: String, quotes: [Quote])] = []
    for quote in quotes {
      // A flat price beside one by the clock is another offer, not a third band.
      let key = quote.row.service + (quote.row.timeBand == nil ? "" : "|by the clock")
      if let index = groups.firstIndex(where: { $0.key == key }) {
        groups[index].quotes.append(quote)
      } else {
        groups.append((key, [quote]))
      }
    }
    return groups.flatMap { group in
      (batch ? [false, true] : [false]).compactMap { batch in
        Offer(
          group.quotes.map(\.row), sameModel: group.quotes[0].sameModel, mix: mix,
          inputTokensPerRequest: inputTokensPerRequest, band: band, batch: batch)
      }
    }.sorted {
      ($0.sameModel ? 0 : 1, $0.usdPerMillion.best) < ($1.sameModel ? 0 : 1, $1.usdPerMillion.best)
    }
  }
}
