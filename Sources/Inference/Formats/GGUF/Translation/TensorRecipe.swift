// How a tensor of the hub's checkpoint is made from tensors of a GGUF file.

/// One hub tensor in terms of GGUF tensors (whose names these are).
enum TensorRecipe: Sendable {
  /// The tensor itself.
  case same(String)
  /// All experts of a stack; asked for one by one.
  case stack(String)
  case expert(Int, of: String)
  /// Rows of one or several tensors in another order.
  case rows(RowOrder, of: [String])
  /// Columns of a matrix in another order: value heads of `width` columns each.
  case columns(ValueHeads, width: Int, of: String)
  /// `kv_b_proj` from its halves: keys `[heads, rank, nope]` (transposed), values `[heads, v, rank]`.
  case keyValueUp(key: String, value: String)
  /// Norm weights that were stored as 1 + w.
  case minusOne(String)
  /// Decays that were stored as -exp(a).
  case logNegated(String)
  /// The same, a value per value head in the converter's order.
  case reorderedDecay(ValueHeads, String)
}

/// Value heads as Qwen3.5's converter orders them: by their place within a key head first.
struct ValueHeads: Sendable {
  let keyHeads: Int
  let valueHeads: Int

  /// Where the hub's value head `head` lies in the file.
  func position(of head: Int) -> Int {
    let repeats = valueHeads / keyHeads
    return head % repeats * keyHeads + head / repeats
  }
}

/// An order of rows, as runs out of the sources.
enum RowOrder: Sendable {
  /// The converter interleaved the halves of each head of `headRows` rows.
  case unpermuted(headRows: Int)
  /// All rows of the sources, one source after the other.
  case concatenated
  /// For each of `count` experts the rows of every source.
  case concatenatedByExpert(count: Int)
  /// Per key head: query, key, its value heads, their gates; sources are `[q | k | v]` and `[z]`.
  case queryKeyValueGate(ValueHeads, keyRows: Int, valueRows: Int)
  /// `prefix` rows as they are, then value heads of `width` rows each in the hub's order.
  case valueHeads(ValueHeads, prefix: Int, width: Int)

  struct Run {
    let source: Int
    let first: Int
    let count: Int
  }

  /// The runs that make up the result, given the rows of each source; nil if they do not fit.
  func runs(_ rows: [Int]) -> [Run]? {
    switch self {
    case .unpermuted(let headRows): unpermuted(rows[0], headRows)
    case .concatenated: rows.indices.map { Run(source: $0, first: 0, count: rows[$0]) }
    case .concatenatedByExpert(let count): byExpert(rows, count)
    case .queryKeyValueGate(let heads, let keyRows, let valueRows):
      queryKeyValueGate(rows, heads, keyRows, valueRows)
    case .valueHeads(let heads, let prefix, let width):
      valueHeads(rows[0], heads, prefix, width)
    }
  }

  private func unpermuted(_ rows: Int, _ headRows: Int) -> [Run]? {
    guard headRows > 0, headRows % 2 == 0, rows % headRows == 0 else { return nil }
    let half = headRows / 2
    return (0..<rows).map { row in
      let (head, inside) = row.quotientAndRemainder(dividingBy: headRows)
      return Run(source: 0, first: head * headRows + inside % half * 2 + inside / half, count: 1)
    }
  }

  private func byExpert(_ rows: [Int], _ count: Int) -> [Run]? {
    guard count > 0, rows.allSatisfy({ $0 % count == 0 }) else { return nil }
    return (0..<count).flatMap { expert in
      rows.indices.map { source in
        Run(source: source, first: expert * (rows[source] / count), count: rows[source] / count)
      }
    }
  }

  private func queryKeyValueGate(_ rows: [Int], _ heads: ValueHeads, _ key: Int, _ value: Int)
    -> [Run]?
  {
    let (n, r) = (heads.keyHeads, heads.valueHeads / heads.keyHeads)
    guard rows.count == 2, rows[0] == 2 * n * key + heads.valueHeads * value,
      rows[1] == heads.valueHeads * value
    else { return nil }
    var runs: [Run] = []
    for head in 0..<n {
      runs.append(Run(source: 0, first: head * key, count: key))
      runs.append(Run(source: 0, first: (n + head) * key, count: key))
      runs.append(Run(source: 0, first: 2 * n * key + head * r * value, count: r * value))
      runs.append(Run(source: 1, first: head * r * value, count: r * value))
    }
    return runs
  }

  private func valueHeads(_ rows: Int, _ heads: ValueHeads, _ prefix: Int, _ width: Int) -> [Run]? {
    guard rows == prefix + heads.valueHeads * width else { return nil }
    return [Run(source: 0, first: 0, count: prefix)]
      + (0..<heads.valueHeads).map {
        Run(source: 0, first: prefix + heads.position(of: $0) * width, count: width)
      }
  }
}
