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

  /// Of decode and of prefill, from one form to another.
  private func decode(_ a: Point, _ b: Point) -> Change? {
    Change(a.speed(a.decode), b.speed(b.decode))
  }

  private func prefill(_ a: Point, _ b: Point) -> Change? {
    Change(a.speed(a.prefill), b.speed(b.prefill))
  }

  /// Costs follow the speed: where that is within the noise, so are they.
  private func money(_ a: Point, _ b: Point) -> String {
    guard decode(a, b)?.isNoise == false, let from = a.usdPerMillionOutput?.best,
      let to = b.usdPerMillionOutput?.best
    else { return "" }
    return "; a million output tokens go from \(Number.short(from)) to \(Number.short(to)) $"
  }

  private func topK(_ a: Point, _ b: Point) -> [String] {
    guard let x = a.value, let y = b.value, y > x else { return [] }
    var sentences: [String] = []
    if let change = decode(a, b) {
      sentences.append(
        "From \(Number.fixed(x, 0)) to \(Number.fixed(y, 0)) experts a token decode goes \(change.words)\(money(a, b))."
      )
    }
    if let change = decode(a, b), change.isSlower {
      let each = (1 / change.to.best - 1 / change.from.best) * 1000 / (y - x)
      let rest = 1000 / change.from.best - x * each
      sentences.append(
        "Each expert more costs \(Number.short(each)) ms a token"
          + (rest > 0
            ? "; what remains at none is attention, head and shared weights, \(Number.short(rest)) ms."
            : "."))
    }
    if let change = prefill(a, b) {
      sentences.append(
        "Prefill goes \(change.words)\(change.isSlower ? ": it pays for active parameters" : "").")
    }
    return sentences
  }

  private func batch(_ a: Point, _ b: Point) -> [String] {
    var sentences: [String] = []
    if let change = decode(a, b) {
      sentences.append(
        "With \(b.name) sequences together instead of \(a.name) decode goes \(change.words)\(money(a, b))."
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
    if let change = decode(a, b) {
      sentences.append(
        "With \(Number.fixed(y, 0)) instead of \(Number.fixed(x, 0)) experts, as many a token, weights take "
          + "\(Number.short(memory)) times the memory and decode goes \(change.words)\(money(a, b))."
      )
    }
    if let change = prefill(a, b) {
      let reason =
        change.isSlower
        ? ": a prompt's tokens spread over more experts, so each product has fewer rows" : ""
      sentences.append("Prefill goes \(change.words)\(reason).")
    }
    return sentences
  }

  private func routing(_ points: [Point]) -> [String] {
    let decoded = points.filter { $0.speed($0.decode) != nil }
    guard let base = decoded.first, let speed = base.speed(base.decode)?.best else { return [] }
    func awake(_ point: Point) -> String? {
      point.decode?.distinctExperts.map { "\(Number.short($0)) experts awake" }
    }
    let changes = decoded.dropFirst().compactMap { point in
      decode(base, point).map { (point, $0) }
    }
    let others = changes.map { point, change in
      "\(point.name) \(change.factor)\(awake(point).map { " (\($0))" } ?? "")"
    }
    let compared =
      "Against \(base.name) routing at \(Number.short(speed)) tokens/s"
      + "\(awake(base).map { " with \($0)" } ?? ""), decode runs at: "
      + others.joined(separator: ", ") + "."
    guard changes.contains(where: { !$0.1.isNoise }) else {
      return [compared, "How tokens fall on experts made no difference beyond the noise here."]
    }
    return [
      compared,
      "The more tokens share experts, the less a step reads: synthetic speeds hold for the routing "
        + "they were measured with.",
    ]
  }

  private func format(_ points: [Point]) -> [String] {
    var sentences = [
      fastest(points, "decodes", "decode", \.decode),
      fastest(points, "prefills", "prefill", \.prefill),
    ].compactMap { $0 }
    let costs = points.compactMap { p in p.usdPerMillionOutput.map { (p, $0.best) } }
    if let low = costs.min(by: { $0.1 < $1.1 }), let high = costs.max(by: { $0.1 < $1.1 }),
      decode(low.0, high.0)?.isNoise == false
    {
      sentences.append(
        "A million output tokens cost \(Number.short(low.1)) $ in \(low.0.name) and "
          + "\(Number.short(high.1)) $ in \(high.0.name). Quality is not measured here.")
    }
    return sentences
  }

  /// The fastest form, and those that it cannot be told from.
  private func fastest(
    _ points: [Point], _ one: String, _ many: String, _ result: (Point) -> TestResult?
  ) -> String? {
    let speeds = points.compactMap { point in point.speed(result(point)).map { (point.name, $0) } }
    guard speeds.count > 1, let best = speeds.max(by: { $0.1.best < $1.1.best }) else { return nil }
    let equals = speeds.filter { Change($0.1, best.1)?.isNoise == true }
    let speed = "\(Number.short(best.1.best)) tokens/s"
    if equals.count == 1 { return "\(best.0) \(one) fastest, \(speed)." }
    let names = equals.map(\.0).joined(separator: ", ")
    return "\(names) \(many) fastest, up to \(speed), within the noise of each other."
  }

  private func dense(_ points: [Point]) -> [String] {
    func named(_ name: String) -> Point? { points.first { $0.name == name } }
    guard let mixture = named("mixture") else { return [] }
    var sentences: [String] = []
    for (phase, result) in [("decode", \Point.decode), ("prefill", \Point.prefill)] {
      guard let own = mixture.speed(mixture[keyPath: result]) else { continue }
      let parts = [("dense active", "active"), ("dense total", "total")].compactMap {
        (name, size) -> String? in
        guard let other = named(name),
          let change = Change(other.speed(other[keyPath: result]), own)
        else { return nil }
        return "\(Number.short(change.ratio)) times the speed of a dense model of its "
          + "\(size) size\(change.isNoise ? ", within the noise" : "")"
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
