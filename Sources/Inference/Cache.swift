// What a sequence leaves behind for its next token: keys and values, latents, recurrent states.

/// The memory one mixer needs for one sequence.
public struct CacheShape: Sendable, Equatable {
  /// Floats a position, for each of the mixer's tables (keys and values; latent and rotated key; ...).
  public var perPosition: [Int]
  /// Positions an entry of each table stands for, where not 1 (compressed keys).
  public var periods: [Int]
  /// Floats that do not grow with the sequence, for each of the mixer's states. They start at zero.
  public var states: [Int]

  public init(perPosition: [Int] = [], periods: [Int] = [], states: [Int] = []) {
    self.perPosition = perPosition
    self.periods = periods
    self.states = states
  }

  public var floatsPerPosition: Int {
    perPosition.indices.reduce(0) { $0 + perPosition[$1] / period(of: $1) }
  }
  public var stateFloats: Int { states.reduce(0, +) }

  func period(of table: Int) -> Int { periods.indices.contains(table) ? periods[table] : 1 }

  /// Rows of a table that serves `capacity` positions.
  func rows(of table: Int, capacity: Int) -> Int {
    (capacity + period(of: table) - 1) / period(of: table)
  }

  /// Floats of a table that serves `capacity` positions.
  func floats(of table: Int, capacity: Int) -> Int {
    perPosition[table] * rows(of: table, capacity: capacity)
  }
}

/// Keys, values and states of every layer, for a fixed number of sequences of limited length.
public final class Cache: @unchecked Sendable {
  public let sequences: Int
  /// Positions each sequence can hold.
  public let capacity: Int
  private let shapes: [CacheShape]
  private let memory: Memory
  private let slotOffsets: [Int]
  private let sequenceFloats: Int
  private var lengths: [Int]

  /// - Parameters:
  ///   - shapes: One for each mixer, in the order of the layers.
  /// - Throws: ``EngineError/outOfMemory(bytes:purpose:)``.
  public init(shapes: [CacheShape], sequences: Int, capacity: Int) throws(EngineError) {
    self.shapes = shapes
    self.sequences = sequences
    self.capacity = capacity
    var offsets: [Int] = []
    var floats = 0
    for shape in shapes {
      offsets.append(floats)
      for table in shape.perPosition.indices {
        floats += Self.aligned(shape.floats(of: table, capacity: capacity))
      }
      for state in shape.states { floats += Self.aligned(state) }
    }
    slotOffsets = offsets
    sequenceFloats = floats
    let (bytes, overflow) = (floats * 4).multipliedReportingOverflow(by: sequences)
    guard !overflow else { throw .outOfMemory(bytes: .max, purpose: "the cache") }
    // Address space: a page is taken when its position is first written.
    memory = try Memory(byteCount: bytes, purpose: "the cache", reserveOnly: true)
    lengths = Array(repeating: 0, count: sequences)
  }

  public var byteCount: Int { sequenceFloats * 4 * sequences }

  /// Positions a sequence holds so far.
  public func length(of sequence: Int) -> Int { lengths[sequence] }

  func advance(_ sequence: Int, by count: Int) throws(EngineError) {
    guard lengths[sequence] + count <= capacity else {
      throw .contextExceeded(position: lengths[sequence] + count - 1, capacity: capacity)
    }
    lengths[sequence] += count
  }

  /// Forgets a sequence: its length is 0 and its states are zero again.
  public func reset(_ sequence: Int) {
    lengths[sequence] = 0
    for (mixer, shape) in shapes.enumerated() {
      for (index, count) in shape.states.enumerated() {
        state(index, of: mixer, sequence: sequence).update(repeating: 0, count: count)
      }
    }
  }

  /// Forgets all but the first `length` positions.
  ///
  /// - Returns: false, and nothing changes, where that cannot be done: a recurrent state only knows its latest moment.
  public func truncate(_ sequence: Int, to length: Int) -> Bool {
    if lengths[sequence] == length { return true }
    guard lengths[sequence] > length, shapes.allSatisfy({ $0.states.isEmpty }) else { return false }
    lengths[sequence] = length
    return true
  }

  /// Bytes of tables a token at `position` reads if it sees every position before it.
  public func bytesRead(at position: Int) -> Int {
    bytesRead(at: position, mixers: shapes.indices)
  }

  /// The same for some of the mixers.
  public func bytesRead(at position: Int, mixers: Range<Int>) -> Int {
    shapes[mixers].reduce(0) { $0 + ($1.floatsPerPosition * (position + 1) + $1.stateFloats) * 4 }
  }

  /// The table `index` of a mixer for one sequence, `[capacity / period, width]`.
  func table(_ index: Int, of mixer: Int, sequence: Int) -> Matrix {
    var offset = sequence * sequenceFloats + slotOffsets[mixer]
    let shape = shapes[mixer]
    for previous in 0..<index {
      offset += Self.aligned(shape.floats(of: previous, capacity: capacity))
    }
    return Matrix(
      memory.floats + offset, rows: shape.rows(of: index, capacity: capacity),
      columns: shape.perPosition[index])
  }

  /// The state `index` of a mixer for one sequence.
  func state(_ index: Int, of mixer: Int, sequence: Int) -> UnsafeMutablePointer<Float> {
    let shape = shapes[mixer]
    var offset = sequence * sequenceFloats + slotOffsets[mixer]
    for table in shape.perPosition.indices {
      offset += Self.aligned(shape.floats(of: table, capacity: capacity))
    }
    for previous in 0..<index { offset += Self.aligned(shape.states[previous]) }
    return memory.floats + offset
  }

  private static func aligned(_ floats: Int) -> Int { (floats + 15) & ~15 }
}
