// What a sequence leaves behind for its next token: keys and values, latents, recurrent states.

/// Keys, values and states of every layer, for a fixed number of sequences of limited length.
public final class Cache: @unchecked Sendable {
  /// Where a table of the first sequence lies.
  private struct Place {
    let table: CacheTable
    let format: CacheFormat
    let rows: Int
    let offset: Int

    var byteCount: Int { table.heads * rows * table.width * format.bytes }
  }

  public let sequences: Int
  /// Positions each sequence can hold.
  public let capacity: Int
  /// What the tables are stored in, but those that must be floats.
  public let format: CacheFormat
  private let shapes: [CacheShape]
  private let memory: Memory
  private var places: [Place] = []
  /// Each mixer's first table in `places`, and its first state in `stateOffsets`.
  private var firstPlace: [Int] = []
  private var firstState: [Int] = []
  private var stateOffsets: [Int] = []
  private let sequenceBytes: Int
  private var lengths: [Int]

  /// - Parameters:
  ///   - shapes: One for each mixer, in the order of the layers.
  ///   - batch: Positions added to a sequence at a time, at most; nil: any number.
  /// - Throws: ``EngineError/outOfMemory(bytes:purpose:)``.
  public init(
    shapes: [CacheShape], sequences: Int, capacity: Int, batch: Int? = nil,
    format: CacheFormat = .f32
  ) throws(EngineError) {
    self.shapes = shapes
    self.sequences = sequences
    self.capacity = capacity
    self.format = format
    var offset = 0
    for shape in shapes {
      firstPlace.append(places.count)
      firstState.append(stateOffsets.count)
      for table in shape.tables {
        let place = Place(
          table: table, format: table.mayBeHalf ? format : .f32,
          rows: table.rows(capacity: capacity, batch: batch ?? capacity), offset: offset)
        places.append(place)
        offset += Self.aligned(place.byteCount)
      }
      for state in shape.states {
        stateOffsets.append(offset)
        offset += Self.aligned(state * 4)
      }
    }
    sequenceBytes = offset
    let (bytes, overflow) = offset.multipliedReportingOverflow(by: sequences)
    guard !overflow else { throw .outOfMemory(bytes: .max, purpose: "the cache") }
    // Address space: a page is taken when its position is first written.
    memory = try Memory(byteCount: bytes, purpose: "the cache", reserveOnly: true)
    lengths = Array(repeating: 0, count: sequences)
  }

  public var byteCount: Int { sequenceBytes * sequences }

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
  /// - Returns: false, and nothing changes, where that cannot be done: a recurrent state only knows its latest moment,
  ///   and a table of limited sight has overwritten what the next position would see.
  public func truncate(_ sequence: Int, to length: Int) -> Bool {
    let current = lengths[sequence]
    if current == length { return true }
    guard current > length, stateOffsets.isEmpty,
      places.allSatisfy({
        $0.table.period > 1 || $0.table.visibility.firstKey(for: length) >= current - $0.rows
      })
    else { return false }
    lengths[sequence] = length
    return true
  }

  /// Bytes a pass over consecutive positions of one sequence reads: every row that any of them sees, and the states,
  /// once.
  public func bytesRead(at positions: Range<Int>) -> Int {
    bytesRead(at: positions, mixers: shapes.indices)
  }

  /// The same for some of the mixers.
  public func bytesRead(at positions: Range<Int>, mixers: Range<Int>) -> Int {
    mixers.reduce(0) { sum, mixer in
      let first = firstPlace[mixer]
      let tables = places[first..<(first + shapes[mixer].tables.count)].reduce(0) {
        $0 + $1.table.rowsRead(at: positions) * $1.table.heads * $1.table.width * $1.format.bytes
      }
      return sum + tables + (positions.isEmpty ? 0 : shapes[mixer].stateFloats * 4)
    }
  }

  /// The rows of one head in the table `index` of a mixer, for one sequence.
  @inline(__always)
  package func rows(_ index: Int, head: Int = 0, of mixer: Int, sequence: Int) -> CacheRows {
    let place = places[firstPlace[mixer] + index]
    let headBytes = place.rows * place.table.width * place.format.bytes
    return CacheRows(
      format: place.format,
      base: memory.base + sequence * sequenceBytes + place.offset + head * headBytes,
      rows: place.rows, width: place.table.width)
  }

  /// The state `index` of a mixer for one sequence.
  func state(_ index: Int, of mixer: Int, sequence: Int) -> UnsafeMutablePointer<Float> {
    (memory.base + sequence * sequenceBytes + stateOffsets[firstState[mixer] + index])
      .assumingMemoryBound(to: Float.self)
  }

  private static func aligned(_ bytes: Int) -> Int { (bytes + 63) & ~63 }
}
