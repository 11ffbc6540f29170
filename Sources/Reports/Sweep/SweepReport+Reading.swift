// What an experiment says, in sentences made from its figures.

import CostModel
import Measurement

extension SweepReport {
  /// One to three sentences; fewer where too little was measured.
  public var reading: [String] {
    let measured = points.filter { $0.speed($0.decode) != nil || $0.speed($0.prefill) != nil }
    guard let first = measured.first, let last = measured.last, measured.count > 1 else {
      return ["Too little was measured to compare."]
    }
    let sentences =
      switch kind {
      case .topK: topK(first, last)
      case .batch: batch(first, last)
      case .experts: experts(first, last)
      case .routing: routing(measured)
      case .format: format(measured)
      case .dense: dense(measured)
      }
    return sentences.isEmpty ? ["Too little was measured to compare."] : sentences
  }

  private func change(_ a: Estimate?, _ b: Estimate?) -> String? {
    guard let a, let b, a.best > 0 else { return nil }
    // Where the intervals meet, the sign of the difference is not known.
    return "from \(Number.short(a.best)) to \(Number.short(b.best)) tokens/s"
      + " (\(Number.short(b.best / a.best)) times\(noise(a, b)))"
  }

  private func noise(_ a: Estimate, _ b: Estimate) -> String {
    a.low <= b.high && b.low <= a.high ? ", within the noise" : ""
  }

  private func money(_ a: Point, _ b: Point) -> String {
    guard let from = a.usdPerMillionOutput?.best, let to = b.usdPerMillionOutput?.best else {
      return ""
    }
    return "; a million output tokens go from \(Number.short(from)) to \(Number.short(to)) $"
  }

  private func topK(_ a: Point, _ b: Point) -> [String] {
    guard let x = a.value, let y = b.value, y > x else { return [] }
    var sentences: [String] = []
    if let speeds = change(a.speed(a.decode), b.speed(b.decode)) {
      sentences.append(
        "From \(Number.fixed(x, 0)) to \(Number.fixed(y, 0)) experts a token decode goes \(speeds)\(money(a, b))."
      )
    }
    if let slow = b.speed(b.decode)?.best, let fast = a.speed(a.decode)?.best {
      let each = (1 / slow - 1 / fast) * 1000 / (y - x)
      sentences.append(
        "Each expert more costs \(Number.short(each)) ms a token; what remains at none is attention, "
          + "head and shared weights, \(Number.short(1000 / fast - x * each)) ms.")
    }
    if let speeds = change(a.speed(a.prefill), b.speed(b.prefill)) {
      sentences.append("Prefill goes \(speeds): it pays for active parameters.")
    }
    return sentences
  }

  private func batch(_ a: Point, _ b: Point) -> [String] {
    var sentences: [String] = []
    if let speeds = change(a.speed(a.decode), b.speed(b.decode)) {
      sentences.append(
        "With \(b.name) sequences together instead of \(a.name) decode goes \(speeds)\(money(a, b))."
      )
    }
    if let distinct = b.decode?.distinctExperts, let expected = b.expectedDistinct(b.decode),
      let experts = b.mixture?.experts
    {
      sentences.append(
        "A step then wakes \(Number.short(distinct)) of \(experts) experts a layer "
          + "(\(Number.short(expected)) if tokens chose at random): what a batch touches grows from "
          + "the active parameters towards the total.")
    }
    if let from = a.bytes(a.decode), let to = b.bytes(b.decode), to > 0 {
      sentences.append(
        "A token reads \(Number.bytes(from)) alone and \(Number.bytes(to)) in company.")
    }
    return sentences
  }

  private func experts(_ a: Point, _ b: Point) -> [String] {
    guard let x = a.value, let y = b.value else { return [] }
    var sentences: [String] = []
    let memory = Double(b.run.model.weightBytes) / Double(max(a.run.model.weightBytes, 1))
    if let speeds = change(a.speed(a.decode), b.speed(b.decode)) {
      sentences.append(
        "With \(Number.fixed(y, 0)) instead of \(Number.fixed(x, 0)) experts, as many a token, weights take "
          + "\(Number.short(memory)) times the memory and decode goes \(speeds)\(money(a, b)).")
    }
    if let speeds = change(a.speed(a.prefill), b.speed(b.prefill)) {
      sentences.append(
        "Prefill goes \(speeds)\(speeds.contains("noise") ? "" : ": a prompt's tokens spread over more experts, so each product has fewer rows")."
      )
    }
    return sentences
  }

  private func routing(_ points: [Point]) -> [String] {
    let decoded = points.filter { $0.speed($0.decode) != nil }
    guard let base = decoded.first, let speed = base.speed(base.decode)?.best else { return [] }
    let others = decoded.dropFirst().compactMap { point -> String? in
      guard let other = point.speed(point.decode)?.best else { return nil }
      let distinct = point.decode?.distinctExperts.map {
        " (\(Number.short($0)) experts awake)"
      }
      return "\(point.name) \(Number.short(other / speed)) times\(distinct ?? "")"
    }
    let awake = base.decode?.distinctExperts.map { " with \(Number.short($0)) experts awake" } ?? ""
    return [
      "Against \(base.name) routing at \(Number.short(speed)) tokens/s\(awake), decode runs at: "
        + others.joined(separator: ", ") + ".",
      "The more tokens share experts, the less a step reads: synthetic speeds hold for the routing "
        + "they were measured with.",
    ]
  }

  private func format(_ points: [Point]) -> [String] {
    func fastest(_ result: (Point) -> TestResult?) -> (Point, Double)? {
      points.compactMap { p in p.speed(result(p)).map { (p, $0.best) } }.max { $0.1 < $1.1 }
    }
    var sentences: [String] = []
    if let (point, speed) = fastest(\.decode) {
      sentences.append("\(point.name) decodes fastest, \(Number.short(speed)) tokens/s.")
    }
    if let (point, speed) = fastest(\.prefill) {
      sentences.append("\(point.name) prefills fastest, \(Number.short(speed)) tokens/s.")
    }
    let costs = points.compactMap { p in p.usdPerMillionOutput.map { (p, $0.best) } }
    if let low = costs.min(by: { $0.1 < $1.1 }), let high = costs.max(by: { $0.1 < $1.1 }),
      low.0.name != high.0.name
    {
      sentences.append(
        "A million output tokens cost \(Number.short(low.1)) $ in \(low.0.name) and "
          + "\(Number.short(high.1)) $ in \(high.0.name). Quality is not measured here.")
    }
    return sentences
  }

  private func dense(_ points: [Point]) -> [String] {
    func named(_ name: String) -> Point? { points.first { $0.name == name } }
    guard let mixture = named("mixture") else { return [] }
    var sentences: [String] = []
    for (phase, result) in [("decode", \Point.decode), ("prefill", \Point.prefill)] {
      guard let own = mixture.speed(mixture[keyPath: result]) else { continue }
      let parts = [("dense active", "active"), ("dense total", "total")].compactMap {
        (name, size) -> String? in
        guard let other = named(name), let speed = other.speed(other[keyPath: result]) else {
          return nil
        }
        return "\(Number.short(own.best / speed.best)) times the speed of a dense model of its "
          + "\(size) size\(noise(own, speed))"
      }
      if !parts.isEmpty {
        sentences.append("In \(phase) the mixture has \(parts.joined(separator: " and ")).")
      }
    }
    if let active = named("dense active") {
      let memory =
        Double(mixture.run.model.weightBytes)
        / Double(max(active.run.model.weightBytes, 1))
      sentences.append(
        "It takes \(Number.short(memory)) times the memory of the dense model of its active size: "
          + "that is the tax of sparsity here, the rest its gain.")
    }
    return sentences
  }
}
