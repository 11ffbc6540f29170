// All price tables together: which row of an offer holds on a day, and where tables disagree.

/// A price beside a measured model.
public struct Quote: Sendable, Hashable {
  public let row: PriceRow
  /// Whether the price is for the same weights.
  public let sameModel: Bool

  public init(row: PriceRow, sameModel: Bool) {
    self.row = row
    self.sameModel = sameModel
  }
}

/// Two tables price the same offer differently on the same day.
public struct PriceConflict: Sendable, Hashable {
  public let used: PriceRow
  public let usedOrigin: String
  public let other: PriceRow
  public let otherOrigin: String
}

/// The built-in table and users' tables; the price seen later wins, then the later table.
public struct PriceBook: Sendable {
  private let entries: [(row: PriceRow, origin: String, table: Int)]

  public init(_ tables: [PriceTable]) {
    entries = tables.enumerated().flatMap { index, table in
      table.rows.map { ($0, table.origin, index) }
    }
  }

  /// The row of each offer that holds on `day`, in the order of the tables, and the disagreements
  /// between tables. Claims are left out. A winning row takes over what the losing ones know of the
  /// offer: which models it is, and that it is well known.
  public func resolve(on day: Day) -> (rows: [PriceRow], conflicts: [PriceConflict]) {
    var best: [String: Int] = [:]
    var order: [String] = []
    var known: [String: PriceRow] = [:]
    var conflicts: [PriceConflict] = []
    for (index, entry) in entries.enumerated()
    where entry.row.kind == .list && entry.row.holds(on: day) {
      let offer = entry.row.offer
      known[offer] = known[offer].map(entry.row.knowing) ?? entry.row
      guard let held = best[offer] else {
        best[offer] = index
        order.append(offer)
        continue
      }
      let (winner, loser) = wins(index, over: held) ? (index, held) : (held, index)
      best[offer] = winner
      if entries[winner].table != entries[loser].table, differ(winner, loser) {
        conflicts.append(
          PriceConflict(
            used: entries[winner].row, usedOrigin: entries[winner].origin,
            other: entries[loser].row, otherOrigin: entries[loser].origin))
      }
    }
    let rows = order.compactMap { offer in
      best[offer].map { index in
        known[offer].map(entries[index].row.knowing) ?? entries[index].row
      }
    }
    return (rows, conflicts)
  }

  private func wins(_ a: Int, over b: Int) -> Bool {
    let (x, y) = (entries[a], entries[b])
    guard let day = x.row.dayOfSight, let other = y.row.dayOfSight, day != other else {
      return (x.table, a) > (y.table, b)
    }
    return day > other
  }

  private func differ(_ a: Int, _ b: Int) -> Bool {
    let (x, y) = (entries[a].row, entries[b].row)
    return x.usdPerMillionInput != y.usdPerMillionInput
      || x.usdPerMillionCachedInput != y.usdPerMillionCachedInput
      || x.usdPerMillionOutput != y.usdPerMillionOutput
  }

  /// Prices to set beside a model: the same model's where there are any, and the well-known open
  /// models otherwise, marked as other models, at all their hours. The cheapest output comes first.
  ///
  /// - Parameter model: A catalogue name; nil for a model that is in no catalogue.
  public func quotes(for model: String?, on day: Day) -> [Quote] {
    let rows = resolve(on: day).rows
    let wanted = model?.lowercased()
    // By service: a price by the clock comes with all its hours.
    func services(_ belongs: (PriceRow) -> Bool) -> [PriceRow] {
      let names = Set(rows.filter(belongs).map(\.service))
      return rows.filter { names.contains($0.service) }
    }
    let same = services { row in wanted.map { row.catalogue.contains($0) } ?? false }
    let shown = same.isEmpty ? services(\.headline) : same
    return shown.map { Quote(row: $0, sameModel: !same.isEmpty) }
      .sorted { order($0.row) < order($1.row) }
  }

  private func order(_ row: PriceRow) -> (Double, String) {
    (row.usdPerMillionOutput ?? .infinity, row.id)
  }
}

extension PriceRow {
  /// The row with what another row of the same offer knows of the model.
  fileprivate func knowing(_ other: PriceRow) -> PriceRow {
    var row = self
    row.headline = headline || other.headline
    row.catalogue += other.catalogue.filter { !catalogue.contains($0) }
    row.openWeights = openWeights ?? other.openWeights
    return row
  }
}
