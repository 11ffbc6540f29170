// The parts a layer is put together from.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Mixes information between positions: attention, a recurrence, a convolution.
protocol Mixer: Sendable {
  /// Writes every row of `out` from the normalised rows `x`. Ends with a barrier.
  func forward(_ x: Activations, into out: Matrix, _ pass: ForwardPass, _ worker: Worker)
}

/// Works on each position alone: a dense network or a mixture of experts.
protocol FeedForward: Sendable {
  /// Writes every row of `out` from the normalised rows `x`. Ends with a barrier.
  func forward(_ x: Activations, into out: Matrix, _ pass: ForwardPass, _ worker: Worker)
}

/// One step of the residual stream.
protocol Layer: Sendable {
  /// Updates the stream `[rows, hidden * streams]` in place. Ends with a barrier.
  func forward(_ stream: Matrix, _ pass: ForwardPass, _ worker: Worker)
}

/// The layer nearly every decoder repeats: `x += mixer(norm x)`, `x += feedForward(norm x)`.
struct PreNormLayer: Layer {
  let mixerNorm: Norm
  let mixer: any Mixer
  let feedForwardNorm: Norm
  let feedForward: any FeedForward
  /// What each branch is multiplied by before it joins the stream.
  let residualMultiplier: Float

  func forward(_ stream: Matrix, _ pass: ForwardPass, _ worker: Worker) {
    let mark = worker.arena.mark
    let normed = pass.takeActivations(rows: pass.count, columns: stream.columns, worker)
    let branch = worker.arena.take(rows: pass.count, columns: stream.columns)
    pass.normalize(stream, mixerNorm, into: normed, worker)
    mixer.forward(normed, into: branch, pass, worker)
    pass.add(branch, times: residualMultiplier, to: stream, worker)
    pass.normalize(stream, feedForwardNorm, into: normed, worker)
    feedForward.forward(normed, into: branch, pass, worker)
    pass.add(branch, times: residualMultiplier, to: stream, worker)
    worker.barrier()
    worker.arena.release(to: mark)
  }
}

extension ForwardPass {
  /// Normalises every row, ready for products. Ends with a barrier.
  func normalize(_ x: Matrix, _ norm: Norm, into out: Activations, _ worker: Worker) {
    for row in worker.share(of: x.rows) {
      norm.apply(x[row], into: out.values[row], count: x.columns, kernels)
      seal(out, row: row)
    }
    worker.barrier()
  }

  /// `y += factor * x`, each worker on the rows it also normalises, so that no barrier is needed between the two.
  func add(_ x: Matrix, times factor: Float, to y: Matrix, _ worker: Worker) {
    for row in worker.share(of: x.rows) {
      kernels.addScaled(factor, x[row], to: y[row], x.columns)
    }
  }
}

@inline(__always)
func naturalLogarithm(_ x: Float) -> Float { logf(x) }

@inline(__always)
func exponential(_ x: Float) -> Float { expf(x) }

/// `log(1 + exp(x))` without overflow.
@inline(__always)
func softplus(_ x: Float) -> Float { x > 20 ? x : log1pf(expf(x)) }

@inline(__always)
func logistic(_ x: Float) -> Float { 1 / (1 + expf(-x)) }
