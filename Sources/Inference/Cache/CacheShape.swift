// The memory a mixer asks for: tables that grow with a sequence, and states that do not.

/// How the numbers of a cache's tables are stored.
public enum CacheFormat: String, Sendable, CaseIterable, Codable {
  case f32, f16

  /// What goes with weights that are mostly of this format: floats with floats, halves with all others.
  public init(for weights: WeightFormat) { self = weights == .f32 ? .f32 : .f16 }

  var bytes: Int { self == .f32 ? 4 : 2 }
}

/// One table of a mixer: keys, values, latents.
public struct CacheTable: Sendable, Equatable {
  /// Heads, each with rows of its own: `[heads][positions / period][width]`, so that attention walks through memory.
  public var heads: Int
  /// Numbers of a row.
  public var width: Int
  /// Positions a row stands for, where not 1 (compressed keys).
  public var period: Int
  /// Which rows a query sees; those that no later query sees are overwritten.
  public var visibility: Visibility
  /// Rows an indexer keeps for a query; nil: it reads all it sees.
  public var limit: Int?
  /// Whether halves may hold it. The keys of an indexer stay floats: they only choose, and a choice has no tolerance.
  public var mayBeHalf: Bool

  public init(
    heads: Int = 1, width: Int, period: Int = 1, visibility: Visibility = .causal,
    limit: Int? = nil, mayBeHalf: Bool = true
  ) {
    self.heads = heads
    self.width = width
    self.period = period
    self.visibility = visibility
    self.limit = limit
    self.mayBeHalf = mayBeHalf
  }

  /// Tiles of attention begin at multiples of this many positions; where a table begins again, so does a tile.
  static let tile = 256
  /// Positions a table of limited sight keeps beyond those it must, so that a sequence can be cut back a little.
  private static let slack = 1024

  /// Rows for `capacity` positions that come in batches of at most `batch`.
  func rows(capacity: Int, batch: Int) -> Int {
    let all = (capacity + period - 1) / period
    guard period == 1, let reach = visibility.reach else { return all }
    let kept = reach + max(batch, Self.slack)
    return min(all, (kept + Self.tile - 1) / Self.tile * Self.tile)
  }

  /// Rows that queries at these consecutive positions read, each counted once.
  func rowsRead(at positions: Range<Int>) -> Int {
    guard !positions.isEmpty else { return 0 }
    let first = period == 1 ? visibility.firstKey(for: positions.lowerBound) : 0
    let seen = positions.upperBound / period - first
    return min(seen, limit.map { $0 * positions.count } ?? seen)
  }
}

/// The memory one mixer needs for one sequence.
public struct CacheShape: Sendable, Equatable {
  public var tables: [CacheTable]
  /// Floats that do not grow with the sequence, for each of the mixer's states. They start at zero.
  public var states: [Int]

  public init(tables: [CacheTable] = [], states: [Int] = []) {
    self.tables = tables
    self.states = states
  }

  /// Numbers a position adds, as long as no table is full.
  public var elementsPerPosition: Int {
    tables.reduce(0) { $0 + $1.heads * $1.width / $1.period }
  }
  /// Bytes a position adds, as long as no table is full.
  func bytesPerPosition(_ format: CacheFormat) -> Int {
    tables.reduce(0) {
      $0 + $1.heads * $1.width * ($1.mayBeHalf ? format : .f32).bytes / $1.period
    }
  }
  public var stateFloats: Int { states.reduce(0, +) }
}
