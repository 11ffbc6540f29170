// A depthwise convolution over time, as recurrent layers put before their state (Gu and Dao 2023, section 3.4).

/// One filter a channel over the current input and the few before it.
public struct CausalConvolutionDescription: Sendable, Hashable {
  /// `[channels, taps]`; the last tap multiplies the current input.
  public var weight: Parameter
  /// `[channels]`
  public var bias: Parameter?
  /// Whether SiLU follows.
  public var isActivated: Bool

  /// - Parameters:
  ///   - name: The module's name; the tensors are `name.weight` and, where there is one, `name.bias`.
  public init(_ name: String, channels: Int, taps: Int, bias: Bool = false, isActivated: Bool) {
    // A filter whose taps add up to about 1 in square keeps the size of its input.
    let bound = 1.7 / Float(taps).squareRoot()
    weight = Parameter(
      floats: name + ".weight", rows: channels, columns: taps, role: .recurrence,
      distribution: .uniform(-bound, bound))
    self.bias =
      bias
      ? Parameter(
        vector: name + ".bias", count: channels, role: .recurrence,
        distribution: .uniform(-0.02, 0.02))
      : nil
    self.isActivated = isActivated
  }

  public var channels: Int { weight.rows }
  public var taps: Int { weight.columns }
  /// Floats of a sequence's state: the inputs before the current one.
  public var stateFloats: Int { (taps - 1) * channels }
}

/// A causal convolution with its weights.
package struct CausalConvolution: Sendable {
  let channels: Int
  private let taps: Int
  private let weight: Vector
  private let bias: Vector?
  private let isActivated: Bool

  package init(_ d: CausalConvolutionDescription, _ source: any WeightSource) throws {
    channels = d.channels
    taps = d.taps
    weight = try source.vector(d.weight)
    bias = try d.bias.map(source.vector)
    isActivated = d.isActivated
  }

  /// `out[t, c] = silu(b[c] + sum_k w[c, k] x[t - taps + 1 + k, c])`, times before the batch coming from the state, which
  /// then holds the last inputs. Ends without a barrier.
  ///
  /// - Parameters:
  ///   - x: `[rows, channels]`.
  ///   - out: `[rows, channels]`, not `x`: later rows read it.
  ///   - state: Which of the mixer's states: `[taps - 1, channels]`, the oldest first.
  ///   - slot: The mixer's place in the cache.
  package func forward(
    _ x: Matrix, into out: Matrix, state: Int, of slot: Int, _ pass: ForwardPass, _ worker: Worker
  ) {
    // Channels do not meet: each worker takes some through all rows. 256 of them with their history stay in the first
    // cache level.
    let size = min(256, max(16, (channels / worker.count + 15) & ~15))
    worker.claim(channels, by: size) { range in
      let mark = worker.local.mark
      let filters = transposed(range, worker)
      for segment in pass.segments {
        let history =
          pass.cache.state(state, of: slot, sequence: segment.sequence) + range.lowerBound
        for offset in 0..<segment.count {
          filter(x, into: out, range, filters, segment, offset, history, pass.kernels)
        }
        remember(x, range, segment, history)
      }
      worker.local.release(to: mark)
    }
  }

  /// The taps of some channels as rows `[taps, range]`, so that channels lie side by side as they do in a batch.
  private func transposed(_ range: Range<Int>, _ worker: Worker) -> UnsafeMutablePointer<Float> {
    let filters = worker.local.take(taps * range.count)
    for channel in 0..<range.count {
      for tap in 0..<taps {
        filters[tap * range.count + channel] = weight[(range.lowerBound + channel) * taps + tap]
      }
    }
    return filters
  }

  /// One row of some channels.
  private func filter(
    _ x: Matrix, into out: Matrix, _ range: Range<Int>, _ filters: UnsafePointer<Float>,
    _ segment: Segment, _ offset: Int, _ history: UnsafePointer<Float>, _ kernels: Kernels
  ) {
    let result = out[segment.firstRow + offset] + range.lowerBound
    if let bias {
      result.update(from: bias.base + range.lowerBound, count: range.count)
    } else {
      result.update(repeating: 0, count: range.count)
    }
    for tap in 0..<taps {
      let time = offset - (taps - 1) + tap
      let input =
        time >= 0
        ? UnsafePointer(x[segment.firstRow + time] + range.lowerBound)
        : history + (taps - 1 + time) * channels
      addProducts(filters + tap * range.count, input, to: result, range.count)
    }
    if isActivated { kernels.silu(result, range.count) }
  }

  /// Keeps the last inputs of a segment. Ascending order: a short segment moves older ones down.
  private func remember(
    _ x: Matrix, _ range: Range<Int>, _ segment: Segment, _ history: UnsafeMutablePointer<Float>
  ) {
    for place in 0..<(taps - 1) {
      let time = segment.count - (taps - 1) + place
      let input =
        time >= 0
        ? UnsafePointer(x[segment.firstRow + time] + range.lowerBound)
        : UnsafePointer(history + (taps - 1 + time) * channels)
      (history + place * channels).update(from: input, count: range.count)
    }
  }
}

/// `y += a * b`, element by element.
@inline(__always)
func addProducts(
  _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, to y: UnsafeMutablePointer<Float>, _ n: Int
) {
  for i in 0..<n { y[i] += a[i] * b[i] }
}

/// `y *= a`, element by element.
@inline(__always)
func multiply(_ y: UnsafeMutablePointer<Float>, by a: UnsafePointer<Float>, _ n: Int) {
  for i in 0..<n { y[i] *= a[i] }
}
