// Power as a function of utilisation, by the best estimator that the facts allow.

/// An estimate of this machine's power at any utilisation.
public struct PowerModel: Sendable, Equatable {
  public let method: EstimateMethod
  /// What it rests on, for people: "AMD EPYC 9654, 8 of 192 threads".
  public let basis: String
  public let covers: String
  /// Points of (utilisation, watts) that are joined by straight lines.
  package let curve: [Point]
  /// Memory, at any utilisation.
  package let dram: WattsRange

  /// The power at a utilisation of 0 … 1.
  package struct Point: Sendable, Equatable {
    package let utilisation: Double
    package let watts: WattsRange
  }

  /// - Parameter utilisation: Busy share of all CPUs here, 0 … 1; clamped.
  public func watts(utilisation: Double) -> WattsRange {
    let busy = utilisation.isFinite ? min(max(utilisation, 0), 1) : 1
    guard var lower = curve.first else { return dram }
    for upper in curve.dropFirst() {
      if busy <= upper.utilisation && upper.utilisation > lower.utilisation {
        let share = max(0, busy - lower.utilisation) / (upper.utilisation - lower.utilisation)
        return lower.watts * (1 - share) + upper.watts * share + dram
      }
      lower = upper
    }
    return lower.watts + dram
  }
}

extension PowerModel {
  /// The best estimator that the facts allow; the last needs nothing but the number of threads.
  ///
  /// - Returns: `nil` where the facts hold no range for any usable method.
  public static func best(for facts: PowerFacts) -> PowerModel? {
    EstimateMethod.allCases.lazy.compactMap { model($0, facts) }.first
  }

  /// One method, where the facts allow it.
  public static func model(_ method: EstimateMethod, _ facts: PowerFacts) -> PowerModel? {
    guard let range = facts.ranges[method], facts.threads > 0 else { return nil }
    switch method {
    case .specpower: return specpower(facts, range)
    case .familyWatts: return familyWatts(facts, range)
    case .generationSpecpower: return generation(facts, range)
    case .teads: return teads(facts, range)
    case .tdpUtilisation: return tdp(facts, range)
    case .unknownCPU: return unknown(facts, range)
    }
  }

  private typealias Range = (low: Double, high: Double)

  /// Whole server, so memory is inside.
  private static func specpower(_ facts: PowerFacts, _ range: Range) -> PowerModel? {
    guard let part = facts.part, let spec = part.specpower, let share = share(part, facts) else {
      return nil
    }
    return PowerModel(
      method: .specpower, basis: basis(part, facts), covers: "share of the whole server, AC",
      curve: [
        point(0, spec.idle * share, range), point(1, spec.full * share, range),
      ], dram: WattsRange(low: 0, best: 0, high: 0))
  }

  private static func familyWatts(_ facts: PowerFacts, _ range: Range) -> PowerModel? {
    guard let family = facts.family else { return nil }
    let threads = Double(facts.threads)
    return PowerModel(
      method: .familyWatts, basis: "\(family.name), \(facts.threads) threads",
      covers: "share of the server's CPU side, and DRAM",
      curve: [
        point(0, family.idle * threads, range), point(1, family.full * threads, range),
      ], dram: dram(facts))
  }

  /// The range goes from the thriftiest part to the hungriest, each with the method's own error.
  private static func generation(_ facts: PowerFacts, _ range: Range) -> PowerModel? {
    let perThread = facts.siblings.compactMap { part -> (idle: Double, full: Double)? in
      guard let spec = part.specpower, let threads = part.threads, threads > 0 else { return nil }
      return (spec.idle / Double(threads), spec.full / Double(threads))
    }
    let threads = Double(facts.threads)
    func spread(_ values: [Double]) -> WattsRange? {
      guard let low = values.min(), let best = Statistics.median(values), let high = values.max()
      else { return nil }
      return WattsRange(low: low * range.low, best: best, high: high * range.high) * threads
    }
    guard let idle = spread(perThread.map(\.idle)), let full = spread(perThread.map(\.full)) else {
      return nil
    }
    let names = facts.siblings.map(\.name).joined(separator: ", ")
    return PowerModel(
      method: .generationSpecpower, basis: "\(facts.threads) threads as of \(names)",
      covers: "share of the whole server, AC",
      curve: [Point(utilisation: 0, watts: idle), Point(utilisation: 1, watts: full)],
      dram: WattsRange(low: 0, best: 0, high: 0))
  }

  private static func teads(_ facts: PowerFacts, _ range: Range) -> PowerModel? {
    guard let part = facts.part, let tdp = part.tdpWatts, let share = share(part, facts),
      !facts.teadsCurve.isEmpty
    else { return nil }
    return PowerModel(
      method: .teads, basis: basis(part, facts), covers: "CPU and DRAM",
      curve: facts.teadsCurve.map { point($0.utilisation, $0.factor * tdp * share, range) },
      dram: dram(facts)
    ).atTheWall(facts)
  }

  /// Without the number of threads there is no share: the whole processor is assumed.
  private static func tdp(_ facts: PowerFacts, _ range: Range) -> PowerModel? {
    guard let part = facts.part, let tdp = part.tdpWatts else { return nil }
    let share = share(part, facts) ?? Double(facts.sockets)
    return PowerModel(
      method: .tdpUtilisation, basis: basis(part, facts), covers: "CPU and DRAM",
      curve: [point(0, 0, range), point(1, tdp * share, range)], dram: dram(facts)
    ).atTheWall(facts)
  }

  private static func unknown(_ facts: PowerFacts, _ range: Range) -> PowerModel? {
    let watts = facts.unknownWattsPerThread * Double(facts.threads)
    return PowerModel(
      method: .unknownCPU, basis: "unknown processor, \(facts.threads) threads",
      covers: "CPU and DRAM", curve: [point(0, watts, range), point(1, watts, range)],
      dram: dram(facts)
    ).atTheWall(facts)
  }

  /// With what the power supply loses.
  private func atTheWall(_ facts: PowerFacts) -> PowerModel {
    guard facts.psu != WattsRange(low: 1, best: 1, high: 1) else { return self }
    return PowerModel(
      method: method, basis: basis, covers: covers + ", power supply included",
      curve: curve.map { Point(utilisation: $0.utilisation, watts: $0.watts * facts.psu) },
      dram: dram * facts.psu)
  }

  private static func point(_ utilisation: Double, _ watts: Double, _ range: Range) -> Point {
    Point(
      utilisation: utilisation,
      watts: WattsRange(low: watts * range.low, best: watts, high: watts * range.high))
  }

  /// Sockets' worth of this part that is here: 2 of 48 threads in a virtual machine, or all of
  /// several sockets.
  private static func share(_ part: PowerPart, _ facts: PowerFacts) -> Double? {
    guard let threads = part.threads, threads > 0 else { return nil }
    return min(Double(facts.threads) / Double(threads), Double(max(1, facts.sockets)))
  }

  private static func basis(_ part: PowerPart, _ facts: PowerFacts) -> String {
    guard let threads = part.threads else { return part.name }
    return "\(part.name), \(facts.threads) of \(threads * max(1, facts.sockets)) threads"
  }

  private static func dram(_ facts: PowerFacts) -> WattsRange {
    facts.dramWattsPerGB * (facts.memoryGB ?? 0)
  }
}
