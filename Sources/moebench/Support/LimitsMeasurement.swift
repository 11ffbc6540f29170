// Measures everything that estimates and ceilings rest on.

import Analysis
import Inference
import Measurement
import Reports
import Targets

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

struct LimitsMeasurement {
  let environment: Environment
  let threads: Int
  var formats = ProductTimes.formats
  /// Of each limit, at least.
  var repetitions = 7
  var seconds = 0.15
  let progress: Progress

  /// An expert sees few rows, a prompt many.
  private static let rows = [1, 4, 16, 64, 512]

  func measure() throws -> MachineLimits {
    let started = Date()
    let counters = SystemCounters()
    let before = counters.snapshot()
    var bandwidth: [MachineLimits.Point] = []
    for count in Self.threadCounts(to: threads) {
      progress.say("reading memory with \(count) threads")
      bandwidth.append(MachineLimits.Point(size: count, try read(threads: count)))
    }
    let small = try read(threads: threads, usesHugePages: false)
    let rates = try productRates()
    let products = try productCurves()
    progress.say("running narrow layers")
    let layers = LayerTimes(threads: threads)
    var limits = MachineLimits(
      measuredAt: started.formatted(.iso8601), threads: threads,
      instructionSet: try Kernels().name, bandwidth: bandwidth,
      smallPageBandwidth: small.map { Rate($0) }, floatPeak: rates.floatPeak,
      integerPeak: rates.integerPeak, floatRates: rates.floats, integerRates: rates.integers,
      products: products,
      layers: try layers.layerRate(runs: repetitions, seconds: seconds).map { Rate($0) },
      attention: try layers.attentionRate(seconds: seconds).map { Rate($0) },
      references: try references(), stealShare: nil)
    limits.noise = try noise()
    limits.note(Disturbance(from: before, to: counters.snapshot()))
    progress.clear()
    return limits
  }

  private var lastCacheBytes: Int { environment.lastCacheBytes }

  private func read(threads: Int, usesHugePages: Bool = true) throws -> Reading<Summary> {
    let probe = try MachineProbe(
      threads: threads, lastCacheBytes: lastCacheBytes, usesHugePages: usesHugePages)
    return probe.rate(of: .read, runs: repetitions, seconds: seconds)
  }

  private func productRates() throws -> (
    floatPeak: Reading<Rate>, integerPeak: Reading<Rate>,
    floats: [MachineLimits.Point], integers: [MachineLimits.Point]
  ) {
    progress.say("multiplying matrices")
    let probe = try MachineProbe(
      threads: threads, lastCacheBytes: lastCacheBytes, multiplies: true)
    func peak(_ work: CeilingProbe.Work) -> Reading<Rate> {
      probe.rate(of: work, runs: repetitions, seconds: seconds).map { Rate($0) }
    }
    func points(_ work: (Int) -> CeilingProbe.Work) -> [MachineLimits.Point] {
      Self.rows.map {
        MachineLimits.Point(
          size: $0, probe.rate(of: work($0), runs: repetitions, seconds: seconds))
      }
    }
    return (
      peak(.floatPeak), peak(.integerPeak),
      points { .multiply(rows: $0) }, points { .multiplyBlocks(rows: $0) }
    )
  }

  private func productCurves() throws -> [ProductCurve] {
    // Routers are floats whatever the weights are asked for in.
    let formats = formats.contains(.f32) ? formats : [.f32] + formats
    return try formats.map { format in
      progress.say("multiplying \(format.rawValue) weights")
      let times = try ProductTimes(
        threads: threads, format: format, lastCacheBytes: lastCacheBytes)
      func points(resident: Bool) -> [MachineLimits.Point] {
        ProductTimes.rows.map {
          MachineLimits.Point(
            size: $0,
            times.rate(
              rows: $0, resident: resident, runs: min(repetitions, 3), seconds: seconds / 2))
        }
      }
      return ProductCurve(
        format: format.rawValue, streamed: points(resident: false), resident: points(resident: true)
      )
    }
  }

  private func references() throws -> [ReferenceRun] {
    try ReferenceMixture.formats.filter(formats.contains).map { format in
      progress.say("running a small mixture in \(format.rawValue)")
      let mixture = try ReferenceMixture(threads: threads, format: format)
      return ReferenceRun(
        format: format.rawValue,
        prefill: try mixture.prefillRate(runs: min(repetitions, 3), seconds: seconds)
          .map { Rate($0) },
        decode: try mixture.decodeRate(runs: min(repetitions, 3), seconds: 2 * seconds)
          .map { Rate($0) })
    }
  }

  /// The same short decode again and again.
  private func noise() throws -> NoiseFloor? {
    guard let format = ReferenceMixture.formats.first(where: formats.contains) else { return nil }
    progress.say("repeating one thing")
    let mixture = try ReferenceMixture(threads: threads, format: format)
    let rate = try mixture.decodeRate(runs: max(5, 2 * repetitions), seconds: 2 * seconds)
    return rate.value.flatMap {
      NoiseFloor($0, work: "decode of a small mixture in \(format.rawValue)")
    }
  }

  /// 1, 2, 4 … and the most.
  private static func threadCounts(to most: Int) -> [Int] {
    var counts: [Int] = []
    var count = 1
    while count < most {
      counts.append(count)
      count *= 2
    }
    return counts + [most]
  }
}

extension Environment {
  /// Of the last-level cache; a common size where the system does not tell.
  var lastCacheBytes: Int { cpu.caches.value?.max { $0.level < $1.level }?.bytes ?? 32 << 20 }
}
