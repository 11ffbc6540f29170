// Compressed keys of DeepSeek-V4 (2026, sections 2.3.1 and 2.3.2): one entry for a window of positions.

/// What a compressor is made of.
public struct KeyCompressorDescription: Sendable, Hashable {
  /// Positions of a window.
  public var period: Int
  /// Elements of an entry.
  public var dimension: Int
  /// Whether an entry also mixes the window before its own, from a second series of its positions' values.
  public var overlaps: Bool
  /// `[series * dimension, hidden]`, the series for the window after a position's own first.
  public var value: LinearDescription
  public var gate: LinearDescription
  /// Added to the gates by place in the window, `[period, series * dimension]`.
  public var bias: Parameter
  public var norm: NormDescription
  /// Turns the last elements of an entry, by its window's first position.
  public var rotary: RotaryDescription

  public init(
    period: Int, dimension: Int, overlaps: Bool, value: LinearDescription, gate: LinearDescription,
    bias: Parameter, norm: NormDescription, rotary: RotaryDescription
  ) {
    self.period = period
    self.dimension = dimension
    self.overlaps = overlaps
    self.value = value
    self.gate = gate
    self.bias = bias
    self.norm = norm
    self.rotary = rotary
  }

  /// Elements of a position's values, and of its gates.
  var width: Int { (overlaps ? 2 : 1) * dimension }
  /// Positions whose values and gates are kept for windows that later batches complete.
  var kept: Int { (overlaps ? 2 : 1) * period }
  var stateFloats: Int { kept * 2 * width }
}

struct KeyCompressor: Sendable {
  private let description: KeyCompressorDescription
  private let value: Linear
  private let gate: Linear
  private let bias: DerivedFloats
  private let norm: Norm
  private let rotary: RotaryTable
  private let slot: Int
  private let table: Int
  private let state: Int

  /// - Parameters:
  ///   - table: Which of the slot's tables receives the entries.
  ///   - state: Which of the slot's states keeps positions of unfinished windows.
  init(
    _ d: KeyCompressorDescription, slot: Int, table: Int, state: Int, _ builder: ModelBuilder
  ) throws {
    description = d
    let source = builder.source
    value = try source.linear(d.value)
    gate = try source.linear(d.gate)
    let stored = try source.matrix(d.bias)
    let kernels = try Kernels()
    bias = try DerivedFloats(stored.rows * stored.columns, from: source, purpose: d.bias.name) {
      for row in 0..<stored.rows {
        kernels.dequantizeRow(row, of: stored, into: $0 + row * stored.columns)
      }
    }
    norm = try source.norm(d.norm)
    rotary = try builder.rotaryTable(d.rotary)
    self.slot = slot
    self.table = table
    self.state = state
  }

  /// Writes the entries of all windows that end in this batch. Ends with a barrier.
  func forward(_ x: Activations, _ pass: ForwardPass, _ worker: Worker) {
    let mark = worker.arena.mark
    let width = description.width
    let values = worker.arena.take(rows: pass.count, columns: width)
    let gates = worker.arena.take(rows: pass.count, columns: width)
    pass.project(value, x, into: values, worker)
    pass.project(gate, x, into: gates, worker)
    worker.barrier()
    for row in worker.share(of: pass.count) {
      let place = Int(pass.positions[row]) % description.period
      pass.kernels.addScaled(1, bias.vector.base + place * width, to: gates[row], width)
    }
    worker.barrier()
    var turn = 0
    for segment in pass.segments {
      let first = segment.position / description.period
      let end = (segment.position + segment.count) / description.period
      for window in first..<end {
        if turn % worker.count == worker.index {
          writeEntry(window, segment, values, gates, pass, worker)
        }
        turn += 1
      }
    }
    worker.barrier()
    keep(values, gates, pass, worker)
    worker.barrier()
    worker.arena.release(to: mark)
  }

  /// Mixes a window's values by a softmax over its positions, for each element on its own.
  private func writeEntry(
    _ window: Int, _ segment: Segment, _ values: Matrix, _ gates: Matrix, _ pass: ForwardPass,
    _ worker: Worker
  ) {
    let d = description
    let mark = worker.local.mark
    defer { worker.local.release(to: mark) }
    let largest = worker.local.take(d.dimension)
    let sum = worker.local.take(d.dimension)
    let mixed = worker.local.take(d.dimension)
    let factors = worker.local.take(d.dimension)
    largest.update(repeating: -.infinity, count: d.dimension)
    sum.update(repeating: 0, count: d.dimension)
    mixed.update(repeating: 0, count: d.dimension)
    let slots = (window > 0 && d.overlaps ? 2 : 1) * d.period
    for slot in 0..<slots {
      let (_, gate) = source(slot, of: slots, window, segment, values, gates, pass)
      for i in 0..<d.dimension { largest[i] = max(largest[i], gate[i]) }
    }
    for slot in 0..<slots {
      let (value, gate) = source(slot, of: slots, window, segment, values, gates, pass)
      for i in 0..<d.dimension { factors[i] = gate[i] - largest[i] }
      _ = pass.kernels.exponentials(factors, minus: 0, d.dimension)
      for i in 0..<d.dimension {
        sum[i] += factors[i]
        mixed[i] += factors[i] * value[i]
      }
    }
    for i in 0..<d.dimension { mixed[i] /= sum[i] }
    norm.apply(mixed, into: mixed, count: d.dimension, pass.kernels)
    rotary.rotate(
      mixed + d.dimension - rotary.description.dimension, position: window * d.period)
    pass.cache.rows(table, of: slot, sequence: segment.sequence)
      .store(mixed, at: window, pass.kernels)
  }

  /// Value and gate of one of a window's slots: the window's own positions come last, the window before it, if any,
  /// first. They lie in the batch, or were kept from an earlier one.
  private func source(
    _ slot: Int, of slots: Int, _ window: Int, _ segment: Segment, _ values: Matrix,
    _ gates: Matrix, _ pass: ForwardPass
  ) -> (value: UnsafePointer<Float>, gate: UnsafePointer<Float>) {
    let d = description
    let position = (window + 1) * d.period - slots + slot
    let isOwn = position >= window * d.period
    let column = d.overlaps && isOwn ? d.dimension : 0
    let row = position - segment.position
    if row >= 0 {
      return (
        UnsafePointer(values[segment.firstRow + row] + column),
        UnsafePointer(gates[segment.firstRow + row] + column)
      )
    }
    let stored = memory(of: position, segment.sequence, pass) + column
    return (UnsafePointer(stored), UnsafePointer(stored + d.width))
  }

  /// Where a position's values, and after them its gates, are kept.
  private func memory(of position: Int, _ sequence: Int, _ pass: ForwardPass)
    -> UnsafeMutablePointer<Float>
  {
    pass.cache.state(state, of: slot, sequence: sequence)
      + position % description.kept * 2 * description.width
  }

  /// Keeps the last positions of every sequence of the batch.
  private func keep(_ values: Matrix, _ gates: Matrix, _ pass: ForwardPass, _ worker: Worker) {
    let width = description.width
    let share = worker.share(of: pass.count)
    for segment in pass.segments {
      let end = segment.rows.upperBound
      let rows = max(segment.firstRow, end - description.kept)..<end
      for row in rows.clamped(to: share) {
        let position = segment.position + row - segment.firstRow
        let target = memory(of: position, segment.sequence, pass)
        target.update(from: values[row], count: width)
        (target + width).update(from: gates[row], count: width)
      }
    }
  }
}
