// The forms of a model that an experiment compares.

import Analysis
import Inference
import Measurement
import Reports

/// One form of the model.
struct SweepPoint {
  let name: String
  let value: Double?
  /// As the plan names it; nil where one engine serves all points.
  let variant: String?
  /// The sequences of its decode test, where that is what varies.
  let batch: Int?
  let whole: ModelDescription
  let format: WeightFormat
  let routing: RoutingDistribution?
}

/// What an experiment measures.
struct SweepDesign {
  let kind: SweepKind
  let source: ModelSource
  private(set) var points: [SweepPoint] = []
  /// Layers of every form that are run; nil for all.
  private(set) var layers: Int?
  let batches: [Int]
  let seed: UInt64
  let isa: String?

  /// nil: the only form.
  var variants: [String?] { kind == .batch ? [nil] : points.map(\.variant) }

  init(
    _ kind: SweepKind, _ source: ModelSource, _ options: SweepOptions, _ environment: Environment
  ) throws {
    self.kind = kind
    self.source = source
    seed = options.seed
    isa = options.isa
    let whole = try source.description()
    guard let mixture = try whole.parameterCount().mixtures.first else {
      throw Failure(.usage, "sweep \(kind.rawValue): \(source.name) has no routed experts")
    }
    guard let format = try EngineOptions.format(named: options.weights) else {
      throw Failure(.usage, "--weights: no format")
    }
    let builder = SweepPoints(
      whole: whole, experts: mixture.experts, expertsPerToken: mixture.expertsPerToken,
      format: format)
    let batch = options.batch ?? (kind == .routing ? 16 : 1)
    do {
      points = try builder.points(kind, options.points)
    } catch let error as VariantError {
      throw Failure(.usage, "sweep \(kind.rawValue): \(error)")
    }
    batches = kind == .batch ? points.compactMap(\.batch) : [batch]
    layers = try Self.layers(options.layers, points, environment)
  }

  /// The user's, or none where all forms fit together, or the most of each that do.
  private static func layers(
    _ given: Int?, _ points: [SweepPoint], _ environment: Environment
  ) throws -> Int? {
    if let given {
      for point in points { _ = try SliceChoice.slice(of: point.whole, layers: given) }
      return given
    }
    guard let available = environment.usableMemory else { return nil }
    // Half: the caches, the system and the neighbours need some too.
    let room = available / 2
    if try bytes(points, layers: nil) <= room { return nil }
    let kinds = points.map { $0.whole.layerKinds.count }.max() ?? 1
    guard try bytes(points, layers: kinds) <= available else {
      throw Failure(
        .system,
        "not enough memory: the forms of this experiment take "
          + "\(Number.bytes(Double(try bytes(points, layers: kinds)))) even with \(kinds) layers each, "
          + "\(Number.bytes(Double(available))) are free")
    }
    var best = kinds
    while best < 2 * kinds, try bytes(points, layers: best + 1) <= room { best += 1 }
    return best
  }

  /// Weights of all forms in memory; forms that share their weights count once.
  private static func bytes(_ points: [SweepPoint], layers: Int?) throws -> Int {
    var byGroup: [String: Int] = [:]
    for point in points {
      let slice = layers.flatMap { point.whole.slice(layers: $0) }
      let part = slice.map(point.whole.keeping) ?? point.whole
      let size = try part.weightBytes(asking: point.format).total
      byGroup[point.weightGroup] = max(byGroup[point.weightGroup] ?? 0, size)
    }
    return byGroup.values.reduce(0, +)
  }
}

extension SweepPoint {
  /// Forms of one group read the same weights.
  var weightGroup: String {
    let isDense = (try? whole.parameterCount().mixtures.isEmpty) ?? false
    return isDense ? "\(format.rawValue) \(name)" : format.rawValue
  }
}

/// Makes the points of each experiment.
private struct SweepPoints {
  let whole: ModelDescription
  let experts: Int
  let expertsPerToken: Int
  let format: WeightFormat

  func points(_ kind: SweepKind, _ list: String?) throws -> [SweepPoint] {
    switch kind {
    case .topK:
      let own = powers(from: 1, to: min(2 * expertsPerToken, experts), with: expertsPerToken)
      return try numbers(list, own, 1...experts).map { k in
        point("k = \(k)", Double(k), try whole.withMixtures(expertsPerToken: k))
      }
    case .batch:
      return try numbers(list, powers(from: 1, to: 64, with: 1), 1...1024).map { b in
        SweepPoint(
          name: "\(b)", value: Double(b), variant: nil, batch: b, whole: whole, format: format,
          routing: nil)
      }
    case .experts:
      let own = powers(from: expertsPerToken, to: experts, with: experts)
      // The largest first: the others then take the first of its experts.
      return try numbers(list, own, expertsPerToken...65536).map { e in
        point("E = \(e)", Double(e), try whole.withMixtures(experts: e))
      }
    case .routing:
      return try names(list ?? "uniform,zipf:1,single").map { name in
        SweepPoint(
          name: String(name.prefix(24)), value: nil, variant: name, batch: nil,
          whole: whole, format: format,
          routing: name == "router" ? nil : try RoutingFlag.distribution(name))
      }
    case .format:
      return try names(list ?? "f16,q8_0,q4_0,q4_k").compactMap { name in
        try EngineOptions.format(named: name, flag: "--points").map { format in
          SweepPoint(
            name: format.rawValue, value: format.bitsPerWeight, variant: format.rawValue,
            batch: nil, whole: whole, format: format, routing: nil)
        }
      }
    case .dense:
      guard list == nil else {
        throw Failure(.usage, "--points: sweep dense has forms of its own")
      }
      return [
        point("mixture", nil, whole), point("dense active", nil, try whole.dense(.active)),
        point("dense total", nil, try whole.dense(.total)),
      ]
    }
  }

  private func point(_ name: String, _ value: Double?, _ whole: ModelDescription) -> SweepPoint {
    SweepPoint(
      name: name, value: value, variant: name, batch: nil, whole: whole, format: format,
      routing: nil)
  }

  /// The names of a list, none of them empty or there twice.
  private func names(_ list: String) throws -> [String] {
    let names = list.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard !names.contains(""), Set(names).count == names.count else {
      throw Failure(
        .usage, "--points \(list.prefix(60)): must be names separated by commas, each once")
    }
    return names
  }

  private func numbers(
    _ list: String?, _ own: [Int], _ bounds: ClosedRange<Int>
  ) throws -> [Int] {
    guard let list else { return own }
    return try ListGrammar.parse(list, flag: "--points", bounds: bounds)
  }

  /// 1, 2, 4 … and one that must be among them.
  private func powers(from first: Int, to last: Int, with own: Int) -> [Int] {
    var values: Set<Int> = [own, last]
    var value = first
    while value <= last {
      values.insert(value)
      value *= 2
    }
    return values.sorted()
  }
}
