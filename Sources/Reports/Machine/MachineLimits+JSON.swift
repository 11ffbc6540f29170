// A machine's limits as a document, and read back from one.

import Analysis
import Measurement
import Models
import StrictJSON

extension MachineLimits {
  public static let schema = "moebench.limits/1"

  /// What is kept between runs.
  public var document: JSONValue {
    object([("schema", .string(Self.schema)), ("ceilings", json(age: nil))])
  }

  /// - Parameter age: Seconds since they were measured, where they were kept.
  func json(age: Double?) -> JSONValue {
    object([
      ("measured_at", .string(measuredAt)),
      ("age_seconds", .numberOrNull(age)),
      ("threads", JSONValue(threads)),
      ("instruction_set", .string(instructionSet)),
      ("steal_fraction", .numberOrNull(stealShare)),
      ("own_cpu_share", .numberOrNull(ownShare)),
      ("other_cpu_share", .numberOrNull(otherShare)),
      ("disturbed", .stringOrNull(disturbed)),
      ("noise_floor", noise?.json ?? .null),
      ("read_bandwidth_gb_s", .array(bandwidth.map { $0.json("threads") })),
      ("read_bandwidth_small_pages_gb_s", smallPageBandwidth.json),
      ("f32_peak_gflop_s", floatPeak.json),
      ("int8_peak_gop_s", integerPeak.json),
      ("f32_gflop_s", .array(floatRates.map { $0.json("rows") })),
      ("int8_gop_s", .array(integerRates.map { $0.json("rows") })),
      ("products", .array(products.map(\.json))),
      ("layers_g_s", layers.json),
      ("attention_gmul_s", attention.json),
      (
        "references",
        .array(
          references.map {
            object([
              ("format", .string($0.format)), ("prefill_g_tokens_s", $0.prefill.json),
              ("decode_g_tokens_s", $0.decode.json),
            ])
          })
      ),
    ])
  }

  /// - Throws: `DataError` naming the field and the rule.
  public init(parsing bytes: [UInt8], file: String) throws(DataError) {
    let document = try Node(parsing: bytes, file: file)
    let schema = try document.member("schema")
    guard try schema.string() == Self.schema else {
      throw schema.fault(.unknownSchema(try schema.string(), wanted: [Self.schema]))
    }
    let node = try document.member("ceilings")
    self.init(
      measuredAt: try node.string("measured_at"), threads: try node.member("threads").count(),
      instructionSet: try node.string("instruction_set"),
      bandwidth: try Point.list(node, "read_bandwidth_gb_s", "threads"),
      smallPageBandwidth: try node.member("read_bandwidth_small_pages_gb_s").rate(),
      floatPeak: try node.member("f32_peak_gflop_s").rate(),
      integerPeak: try node.member("int8_peak_gop_s").rate(),
      floatRates: try Point.list(node, "f32_gflop_s", "rows"),
      integerRates: try Point.list(node, "int8_gop_s", "rows"),
      products: try node.list("products") { (curve) throws(DataError) in
        ProductCurve(
          format: try curve.string("format"),
          streamed: try Point.list(curve, "streamed_gweights_s", "rows"),
          resident: try Point.list(curve, "resident_gweights_s", "rows"))
      },
      layers: try node.member("layers_g_s").rate(),
      attention: try node.member("attention_gmul_s").rate(),
      references: try node.list("references") { (run) throws(DataError) in
        ReferenceRun(
          format: try run.string("format"),
          prefill: try run.member("prefill_g_tokens_s").rate(),
          decode: try run.member("decode_g_tokens_s").rate())
      }, stealShare: try node.optional("steal_fraction")?.share())
    ownShare = try node.optional("own_cpu_share")?.share()
    otherShare = try node.optional("other_cpu_share")?.share()
    noise = try node.optional("noise_floor").map { (noise) throws(DataError) in
      NoiseFloor(
        work: try noise.string("work"), repetitions: try noise.member("repetitions").count(),
        coefficientOfVariation: try noise.amount("coefficient_of_variation"))
    }
  }
}

extension NoiseFloor {
  fileprivate var json: JSONValue {
    object([
      ("work", .string(work)),
      ("repetitions", JSONValue(repetitions)),
      ("coefficient_of_variation", .numberOrNull(coefficientOfVariation)),
      ("smallest_difference", .numberOrNull(smallestDifference)),
      ("compared_repetitions", JSONValue(Self.comparedRepetitions)),
    ])
  }
}

extension ProductCurve {
  fileprivate var json: JSONValue {
    object([
      ("format", .string(format)),
      ("streamed_gweights_s", .array(streamed.map { $0.json("rows") })),
      ("resident_gweights_s", .array(resident.map { $0.json("rows") })),
    ])
  }
}

extension MachineLimits.Point {
  fileprivate func json(_ size: String) -> JSONValue {
    object([(size, JSONValue(self.size))] + rate.members)
  }

  fileprivate static func list(
    _ node: Node, _ key: String, _ size: String
  ) throws(DataError) -> [MachineLimits.Point] {
    try node.member(key).each { (point) throws(DataError) in
      MachineLimits.Point(size: try point.member(size).count(), rate: try point.rate())
    }
  }
}

extension Reading<Rate> {
  /// In billions a second.
  fileprivate var members: [(String, JSONValue)] {
    func billions(_ value: Double?) -> JSONValue { .numberOrNull(value.map { $0 / 1e9 }) }
    return [
      ("median", billions(value?.median)), ("ci_low", billions(value?.low)),
      ("ci_high", billions(value?.high)), ("min", billions(value?.minimum)),
      ("max", billions(value?.maximum)), ("n", JSONValue(value?.count ?? 0)),
      ("reason", .stringOrNull(reason)),
    ]
  }

  fileprivate var json: JSONValue { object(members) }
}

extension Node {
  fileprivate func rate() throws(DataError) -> Reading<Rate> {
    guard let median = try optional("median")?.positive() else {
      return .unknown(reason: try optionalString("reason") ?? "not measured")
    }
    return .known(
      Rate(
        median: median * 1e9, low: try optionalAmount("ci_low").map { $0 * 1e9 },
        high: try optionalAmount("ci_high").map { $0 * 1e9 }, minimum: try amount("min") * 1e9,
        maximum: try amount("max") * 1e9, count: try member("n").count()))
  }
}
