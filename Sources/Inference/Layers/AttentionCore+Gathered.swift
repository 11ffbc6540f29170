// Keys that a row sees one here and one there: they are gathered first, and are then like any others.

/// Keys of another table of a mixer that a row sees beside those of its sequence's positions. They are values too.
package struct FurtherKeys: Sendable {
  let slot: Int
  let table: Int
  /// Entry w sums up the positions before `(w + 1) * period` and is seen from there on.
  let period: Int
  /// How many of them an indexer keeps for a row; nil: a row sees all.
  let limit: Int?

  func visible(from position: Int) -> Int { (position + 1) / period }
}

extension AttentionCore {
  /// The keys and values that a segment of one row sees, one after the other.
  func gather(
    _ row: Segment, _ keys: CacheRows, _ values: CacheRows, _ selection: KeySelection?,
    _ further: FurtherKeys?, _ pass: ForwardPass, _ worker: Worker
  ) -> SeenKeys {
    let first = visibility.firstKey(for: row.position)
    let chosen = selection?.keys(of: row.firstRow)
    let own = chosen?.count ?? (row.position + 1 - first)
    let extra = further.map { $0.visible(from: row.position) } ?? 0
    let kept = min(extra, further?.limit ?? extra)
    let seen = take(own + kept, like: keys, worker)
    for j in 0..<own {
      seen[j].copyMemory(
        from: keys[chosen.map { Int($0[j]) } ?? (first + j)], byteCount: keys.rowBytes)
    }
    if let further {
      let table = pass.cache.rows(further.table, of: further.slot, sequence: row.sequence)
      let choice = further.limit.flatMap(pass.selection)?.keys(of: row.firstRow)
      for j in 0..<kept {
        seen[own + j].copyMemory(
          from: table[choice.map { Int($0[j]) } ?? j], byteCount: keys.rowBytes)
      }
    }
    var mixed = seen
    if values.base != keys.base {
      mixed = take(own, like: values, worker)
      for j in 0..<own {
        mixed[j].copyMemory(
          from: values[chosen.map { Int($0[j]) } ?? (first + j)], byteCount: values.rowBytes)
      }
    }
    return SeenKeys(keys: seen, values: mixed, range: 0..<(own + kept), visibility: nil)
  }

  private func take(_ count: Int, like rows: CacheRows, _ worker: Worker) -> CacheRows {
    CacheRows(
      format: rows.format, base: worker.local.takeBytes(count * rows.rowBytes), rows: count,
      width: rows.width)
  }
}
