// A matrix of state for each head that fades, takes in one outer product a token, and is read: the core of the delta
// rule (Schlag, Irie and Schmidhuber 2021; Yang, Kautz and Hatamizadeh 2024) and of Mamba 2 (Dao and Gu 2024).

/// The recurrence over the tokens of a sequence, `S` being `[valueDimension, keyDimension]` for each head:
/// `S = S * decay`, `S += d k^T`, `o = S q`.
package struct MatrixRecurrence: Sendable {
  /// What is written for a value `v`.
  package enum Update: Sendable {
    /// `d = strength * v` (Mamba 2, where the strength is the step).
    case add
    /// `d = strength * (v - S k)`: what the state lacks of `v` (the delta rule).
    case correct
  }

  let heads: Int
  /// Heads of keys and queries; each serves `heads / keyHeads` consecutive heads.
  let keyHeads: Int
  let keyDimension: Int
  let valueDimension: Int
  let update: Update

  /// One row for each row of the batch.
  package struct Inputs {
    /// `[rows, keyHeads * keyDimension]`
    package let queries: Matrix
    package let keys: Matrix
    /// `[rows, heads * valueDimension]`
    package let values: Matrix
    /// Factors in 0...1: `[rows, heads]`, or `[rows, heads * keyDimension]` where each channel fades on its own.
    package let decays: Matrix
    /// `[rows, heads]`
    package let strengths: Matrix

    package init(
      queries: Matrix, keys: Matrix, values: Matrix, decays: Matrix, strengths: Matrix
    ) {
      self.queries = queries
      self.keys = keys
      self.values = values
      self.decays = decays
      self.strengths = strengths
    }
  }

  package init(
    heads: Int, keyHeads: Int, keyDimension: Int, valueDimension: Int, update: Update
  ) {
    self.heads = heads
    self.keyHeads = keyHeads
    self.keyDimension = keyDimension
    self.valueDimension = valueDimension
    self.update = update
  }

  package var stateFloats: Int { heads * valueDimension * keyDimension }

  /// Writes `[rows, heads * valueDimension]`. Ends without a barrier.
  ///
  /// A row of `S` needs no other row, so heads and pieces of heads are spread over the workers and each is taken
  /// through all tokens while it lies in the first cache level.
  ///
  /// - Parameters:
  ///   - state: Which of the mixer's states holds `S`.
  ///   - slot: The mixer's place in the cache.
  package func forward(
    _ inputs: Inputs, into out: Matrix, state: Int, of slot: Int, _ pass: ForwardPass,
    _ worker: Worker
  ) {
    let size = max(1, min(valueDimension, 4096 / max(keyDimension, 1)))
    let pieces = (valueDimension + size - 1) / size
    worker.claim(heads * pieces, by: 1) { range in
      for task in range {
        let head = task / pieces
        let first = task % pieces * size
        let lines = first..<min(valueDimension, first + size)
        for segment in pass.segments {
          let memory =
            pass.cache.state(state, of: slot, sequence: segment.sequence)
            + head * valueDimension * keyDimension
          for row in segment.rows {
            step(inputs, into: out, row, head, lines, memory, pass.kernels)
          }
        }
      }
    }
  }

  /// One token of some lines of one head.
  private func step(
    _ inputs: Inputs, into out: Matrix, _ row: Int, _ head: Int, _ lines: Range<Int>,
    _ memory: UnsafeMutablePointer<Float>, _ kernels: Kernels
  ) {
    let n = keyDimension
    let keyHead = head / (heads / keyHeads)
    let key = inputs.keys[row] + keyHead * n
    let query = inputs.queries[row] + keyHead * n
    let values = inputs.values[row] + head * valueDimension
    let results = out[row] + head * valueDimension
    let strength = inputs.strengths[row][head]
    let fadesByChannel = inputs.decays.columns != heads
    let decays = inputs.decays[row] + (fadesByChannel ? head * n : head)
    for line in lines {
      let s = memory + line * n
      if fadesByChannel {
        multiply(s, by: decays, n)
      } else {
        kernels.scale(s, by: decays[0], n)
      }
      let change =
        switch update {
        case .add: strength * values[line]
        case .correct: strength * (values[line] - kernels.dot(s, key, n))
        }
      kernels.addScaled(change, key, to: s, n)
      results[line] = kernels.dot(s, query, n)
    }
  }
}
