// Predicts how long a pass over a model takes on a machine whose limits were measured.

import Foundation
import Measurement

/// A machine other than the measured one, in what matters to speed; nil keeps the measured figure.
public struct MachineChange: Sendable, Equatable {
  /// Bytes read a second by all threads.
  public var bandwidth: Double?
  public var cores: Int?

  public init(bandwidth: Double? = nil, cores: Int? = nil) {
    self.bandwidth = bandwidth
    self.cores = cores
  }

  /// Doublings or halvings between this machine and the measured one, of bandwidth and of cores together.
  public func doublings(from limits: MachineLimits) -> Double {
    var sum = 0.0
    if let bandwidth, let here = limits.bandwidth.last?.rate.value?.median, here > 0 {
      sum += abs(log2(bandwidth / here))
    }
    if let cores { sum += abs(log2(Double(cores) / Double(max(1, limits.threads)))) }
    return sum
  }
}

/// Why a speed cannot be predicted.
public enum SpeedError: Error, Hashable, Sendable, CustomStringConvertible {
  case formatNotTimed(String)
  case notMeasured(String)

  public var description: String {
    switch self {
    case .formatNotTimed(let format):
      "products of \(format) weights were not timed on this machine"
    case .notMeasured(let what): "\(what) is not known on this machine"
    }
  }
}

/// Seconds of one pass, by what they are spent on.
public struct PassTime: Sendable, Equatable {
  /// Projections that every token passes.
  public var shared = 0.0
  public var experts = 0.0
  public var head = 0.0
  public var attention = 0.0
  /// Hand-over between workers and bookkeeping, a layer at a time.
  public var layers = 0.0

  public var total: Double { shared + experts + head + attention + layers }

  /// The time of that many such passes.
  public func times(_ count: Double) -> PassTime {
    PassTime(
      shared: shared * count, experts: experts * count, head: head * count,
      attention: attention * count, layers: layers * count)
  }

  /// What the layers' products were really multiplied by, if the rest took what was computed; at least 1 in 2, at most 4.
  func factor(measured: Double) -> Double {
    let rest = head + attention + layers
    return min(4, max(0.5, (measured - rest) / max(shared + experts, 1e-12)))
  }

  static func + (a: PassTime, b: PassTime) -> PassTime {
    PassTime(
      shared: a.shared + b.shared, experts: a.experts + b.experts, head: a.head + b.head,
      attention: a.attention + b.attention, layers: a.layers + b.layers)
  }
}

/// Times of products as measured, added up over a model.
///
/// A product with `r` rows costs each weight a time that was measured for its format: near the time of reading it where
/// `r` is 1, of computing where `r` is large. On another machine the larger of the two limits is scaled, and what the
/// kernels missed of it here they are taken to miss there.
public struct SpeedModel: Sendable {
  /// Tokens of a prompt that the engine passes through the layers together.
  public static let passTokens = 512.0

  private let limits: MachineLimits
  private let bandwidth: Double
  private let bandwidthFactor: Double
  private let coreFactor: Double
  /// What layers take of their products' time, by phase and format, as a reference mixture showed.
  private var layerFactors: [Phase: [String: Double]] = [:]

  /// - Throws: `SpeedError` where the read bandwidth is not known.
  public init(_ limits: MachineLimits, change: MachineChange = MachineChange()) throws(SpeedError) {
    self.limits = limits
    guard let bandwidth = limits.bandwidth.last?.rate.value?.median, bandwidth > 0 else {
      throw .notMeasured("the read bandwidth")
    }
    self.bandwidth = bandwidth
    coreFactor = change.cores.map { Double($0) / Double(max(1, limits.threads)) } ?? 1
    bandwidthFactor = change.bandwidth.map { $0 / bandwidth } ?? 1
  }

  /// The same with the reference runs among the limits taken into account.
  ///
  /// Gathering rows, short matrices and what lies between products cost a layer more than its products do alone: by how
  /// much is taken from a mixture of middling proportions that was run on this machine.
  ///
  /// - Parameters:
  ///   - promptTokens: Of the reference's prefill.
  ///   - generatedTokens: Of its decode, from an empty cache.
  ///   - work: Of the reference, by format.
  public func calibrated(
    promptTokens: Double, generatedTokens: Double, work: (String) throws -> ModelWork
  ) throws -> SpeedModel {
    var model = self
    // What was measured here holds for this machine, so it is compared with it, not with the one supposed.
    let here = try SpeedModel(limits)
    for run in limits.references {
      let work = try work(run.format)
      if let rate = run.prefill.value?.median {
        let time = try here.prefill(work, tokens: promptTokens, depth: 0)
        model.layerFactors[.prefill, default: [:]][run.format] = time.factor(
          measured: promptTokens / rate)
      }
      if let rate = run.decode.value?.median {
        let time = try here.decodeStep(work, batch: 1, position: generatedTokens / 2)
        model.layerFactors[.decode, default: [:]][run.format] = time.factor(measured: 1 / rate)
      }
    }
    return model
  }

  /// Of the format itself, or what is typical of the others; 1 without any.
  private func layerFactor(_ phase: Phase, _ work: ModelWork) -> Double {
    let factors = layerFactors[phase] ?? [:]
    let format = (work.mixtures.first?.products ?? work.shared).max { $0.bytes < $1.bytes }?.format
    return format.flatMap { factors[$0] } ?? Statistics.median(Array(factors.values)) ?? 1
  }

  /// One decode step: a token for each of `batch` sequences that hold `position` tokens.
  public func decodeStep(
    _ work: ModelWork, batch: Double, position: Double
  ) throws(SpeedError) -> PassTime {
    var time = try products(work, rows: batch, layerFactor(batch > 8 ? .prefill : .decode, work))
    time.head = try seconds(work.head, rows: batch)
    let bytes = batch * (work.cacheBytesPerPosition * (position + 1) + work.stateBytes)
    let rate = try known(limits.attention, "the rate of attention") * coreFactor
    let multiplications = work.attentions.reduce(batch * work.stateMultiplicationsPerToken) {
      $0 + $1.multiplicationsPerPair * batch * min(position + 1, Double($1.window ?? .max))
    }
    time.attention = max(bytes / (bandwidth * bandwidthFactor), multiplications / rate)
    return time
  }

  /// A prompt of `tokens` after `depth` tokens, in passes; only the last token is scored.
  public func prefill(
    _ work: ModelWork, tokens: Double, depth: Double
  ) throws(SpeedError) -> PassTime {
    let rate = try known(limits.attention, "the rate of attention") * coreFactor
    var time = PassTime()
    var done = 0.0
    while done < tokens {
      let rows = min(Self.passTokens, tokens - done)
      var pass = try products(work, rows: rows, layerFactor(.prefill, work))
      pass.attention =
        work.attentions.reduce(rows * work.stateMultiplicationsPerToken) {
          $0 + $1.multiplicationsPerPair * $1.pairs(queries: rows, depth: depth + done)
        } / rate
      time = time + pass
      done += rows
    }
    time.head = try seconds(work.head, rows: 1)
    return time
  }

  private func products(
    _ work: ModelWork, rows: Double, _ factor: Double
  ) throws(SpeedError) -> PassTime {
    var time = PassTime()
    time.shared = factor * (try seconds(work.shared, rows: rows))
    for mixture in work.mixtures {
      let distinct = mixture.distinct(tokens: rows)
      guard distinct > 0 else { continue }
      let rowsEach = rows * mixture.expertsPerToken / distinct
      time.experts += factor * distinct * (try seconds(mixture.products, rows: rowsEach))
    }
    time.layers = Double(work.layers) / (try known(limits.layers, "the time of a layer"))
    return time
  }

  private func seconds(
    _ products: [ModelWork.Products], rows: Double
  ) throws(SpeedError) -> Double {
    var sum = 0.0
    for part in products where part.weights > 0 {
      sum +=
        part.weights
        * (try secondsPerWeight(part.format, rows: rows, bytes: part.bytes / part.weights))
    }
    return sum
  }

  /// - Parameter bytes: Of one weight.
  private func secondsPerWeight(
    _ format: String, rows: Double, bytes: Double
  ) throws(SpeedError) -> Double {
    guard let curve = limits.products.first(where: { $0.format == format }),
      let streamed = Self.seconds(curve.streamed, rows),
      let resident = Self.seconds(curve.resident, rows)
    else { throw .formatNotTimed(format) }
    let reading = bytes / bandwidth
    let limit = max(reading, resident)
    let limitThere = max(reading / bandwidthFactor, resident / coreFactor)
    return limit > 0 ? streamed * limitThere / limit : streamed
  }

  /// Seconds a weight at a number of rows: a straight line between two that were measured, and through nothing beyond
  /// the last.
  private static func seconds(_ points: [MachineLimits.Point], _ rows: Double) -> Double? {
    let known = points.compactMap { point in
      point.rate.value.map { (rows: Double(point.size), seconds: 1 / $0.median) }
    }
    guard let first = known.first, let last = known.last else { return nil }
    if rows <= first.rows { return first.seconds }
    if rows >= last.rows { return last.seconds * rows / last.rows }
    guard let upper = known.firstIndex(where: { $0.rows >= rows }), upper > 0 else { return nil }
    let (a, b) = (known[upper - 1], known[upper])
    return a.seconds + (b.seconds - a.seconds) * (rows - a.rows) / (b.rows - a.rows)
  }

  private func known(_ rate: Reading<Rate>, _ what: String) throws(SpeedError) -> Double {
    guard let value = rate.value?.median, value > 0 else { throw .notMeasured(what) }
    return value
  }
}
