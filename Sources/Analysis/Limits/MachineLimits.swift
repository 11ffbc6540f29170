// What one machine can do at best, as numbers that can be kept: the basis of every estimate.

import Measurement

/// A measured rate, without its samples.
public struct Rate: Sendable, Equatable {
  /// Units a second; which unit is the owner's.
  public let median: Double
  /// 95 % interval; nil with one sample.
  public let low: Double?
  public let high: Double?
  public let minimum: Double
  public let maximum: Double
  public let count: Int

  public init(
    median: Double, low: Double?, high: Double?, minimum: Double, maximum: Double, count: Int
  ) {
    self.median = median
    self.low = low
    self.high = high
    self.minimum = minimum
    self.maximum = maximum
    self.count = count
  }

  public init(_ summary: Summary) {
    self.init(
      median: summary.median, low: summary.interval?.low, high: summary.interval?.high,
      minimum: summary.minimum, maximum: summary.maximum, count: summary.count)
  }
}

/// Products of one weight format, by the number of rows they are done for.
public struct ProductCurve: Sendable, Equatable {
  public let format: String
  /// Weights a second, all threads together, each weight multiplied with every row: read from memory.
  public let streamed: [MachineLimits.Point]
  /// The same of weights that stay in each core's own cache: what arithmetic alone allows.
  public let resident: [MachineLimits.Point]

  public init(
    format: String, streamed: [MachineLimits.Point], resident: [MachineLimits.Point]
  ) {
    self.format = format
    self.streamed = streamed
    self.resident = resident
  }
}

/// A small mixture as it really ran, in one weight format.
public struct ReferenceRun: Sendable, Equatable {
  public let format: String
  /// Tokens a second.
  public let prefill: Reading<Rate>
  public let decode: Reading<Rate>

  public init(format: String, prefill: Reading<Rate>, decode: Reading<Rate>) {
    self.format = format
    self.prefill = prefill
    self.decode = decode
  }
}

/// The limits of a machine with a number of threads.
public struct MachineLimits: Sendable, Equatable {
  /// A rate at one size.
  public struct Point: Sendable, Equatable {
    /// Threads that read, or rows that were multiplied.
    public let size: Int
    public let rate: Reading<Rate>

    public init(size: Int, rate: Reading<Rate>) {
      self.size = size
      self.rate = rate
    }

    public init(size: Int, _ summary: Reading<Summary>) {
      self.init(size: size, rate: summary.map { Rate($0) })
    }
  }

  /// UTC, ISO 8601.
  public var measuredAt: String
  /// Threads all but the bandwidths were measured with.
  public var threads: Int
  /// Name of the kernels.
  public var instructionSet: String
  /// Bytes read a second, by threads; on huge pages where the system gives them.
  public var bandwidth: [Point]
  /// The same on pages of the usual size, all threads.
  public var smallPageBandwidth: Reading<Rate>
  /// Operations a second of nothing but multiply-adds, and of nothing but dot products of 8-bit integers.
  public var floatPeak: Reading<Rate>
  public var integerPeak: Reading<Rate>
  /// Operations a second of one product, by rows: in floats by the linked BLAS.
  public var floatRates: [Point]
  public var integerRates: [Point]
  public var products: [ProductCurve]
  /// Layers a second, where a layer has next to nothing to do: barriers, hand-over, bookkeeping.
  public var layers: Reading<Rate>
  /// Pairs of a query and a key a second, times the width of the head: attention of a prompt.
  public var attention: Reading<Rate>
  /// What whole layers make of the products' rates.
  public var references: [ReferenceRun]
  /// Share of the CPU time that another guest took meanwhile.
  public var stealShare: Double?
  /// Shares of all CPUs that this process and that others on this machine used meanwhile; nil where unknown.
  public var ownShare: Double?
  public var otherShare: Double?
  /// How much repetitions of one thing differ here; nil where that was not measured.
  public var noise: NoiseFloor?

  public init(
    measuredAt: String, threads: Int, instructionSet: String, bandwidth: [Point],
    smallPageBandwidth: Reading<Rate>, floatPeak: Reading<Rate>, integerPeak: Reading<Rate>,
    floatRates: [Point], integerRates: [Point],
    products: [ProductCurve], layers: Reading<Rate>, attention: Reading<Rate>,
    references: [ReferenceRun], stealShare: Double?
  ) {
    self.measuredAt = measuredAt
    self.threads = threads
    self.instructionSet = instructionSet
    self.bandwidth = bandwidth
    self.smallPageBandwidth = smallPageBandwidth
    self.floatPeak = floatPeak
    self.integerPeak = integerPeak
    self.floatRates = floatRates
    self.integerRates = integerRates
    self.products = products
    self.layers = layers
    self.attention = attention
    self.references = references
    self.stealShare = stealShare
  }

  /// Takes over what other limits of the same machine and kernels tell of formats that these lack.
  public mutating func add(formatsOf other: MachineLimits) {
    let timed = Set(products.map(\.format))
    products += other.products.filter { !timed.contains($0.format) }
    let run = Set(references.map(\.format))
    references += other.references.filter { !run.contains($0.format) }
  }
}
