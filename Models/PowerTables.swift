// Power of processors and the estimators that stand in for a meter, from the embedded tables.

/// A processor of the table.
public struct CPURow: Sendable, Hashable {
  /// Whole-server AC watts per socket of published SPECpower results, the median of several.
  public struct SPECpower: Sendable, Hashable {
    public let idleWattsPerSocket: Double
    public let fullWattsPerSocket: Double
    public let results: Int
    public let published: String
  }

  public let name: String
  /// `server`, `desktop`, `laptop`, `apple`, …
  public let kind: String
  public let family: String?
  public let cores: Int
  public let threads: Int
  public let tdpWatts: Double
  public let specpower: SPECpower?
  public let sources: [String]
  public let flags: [String]
}

/// Watts per hardware thread of a processor family, its share of a whole server (Cloud Carbon Footprint).
public struct CPUFamilyRow: Sendable, Hashable {
  public let name: String
  /// Family, model and, where they decide, steppings, such as `6/85/5-7`.
  public let cpuid: [String]
  public let idleWattsPerThread: Double
  public let fullWattsPerThread: Double
  /// False where the source copied another family's values.
  public let measured: Bool
}

/// How far an estimator may be off: factors on the true energy, a 90 % range.
public struct EstimatorRange: Sendable, Hashable {
  public let id: String
  public let method: String
  public let low: Double
  public let high: Double
}

/// A value with low, best and high bounds and where they come from.
public struct SourcedRange: Sendable, Hashable {
  public let low: Double
  public let best: Double
  public let high: Double
  public let source: String
}

/// Everything needed to estimate watts without a meter.
public struct PowerTables: Sendable {
  public let cpus: [CPURow]
  public let families: [CPUFamilyRow]
  public let estimators: [EstimatorRange]
  /// Utilisation, 0...1, and the factor on the thermal design power there (Teads curve).
  public let teadsCurve: [(utilisation: Double, tdpFactor: Double)]
  public let unknownCPUWattsPerThread: Double
  public let dramWattsPerGB: SourcedRange
  /// Wall energy over the energy inside the machine.
  /// Watts at the wall for each watt behind the power supply.
  public let psuFactor: SourcedRange
  public let pue: [(id: String, value: Double, source: String)]
}

extension PowerTables {
  /// The tables inside the binary.
  public static var builtIn: PowerTables {
    get throws(DataError) { try loaded.get() }
  }

  private static let loaded: Result<PowerTables, DataError> = {
    do throws(DataError) { return .success(try PowerTables()) } catch { return .failure(error) }
  }()

  private init() throws(DataError) {
    let files = EmbeddedData.machines
    cpus = try EmbeddedData.file("moebench.cpus/1", in: files).list("cpus") {
      (node) throws(DataError) in try CPURow(node)
    }
    families = try EmbeddedData.file("moebench.cpu-families/1", in: files).list("families") {
      (node) throws(DataError) in try CPUFamilyRow(node)
    }
    let power = try EmbeddedData.file("moebench.power/1", in: files)
    estimators = try power.list("estimators") { (node) throws(DataError) in
      EstimatorRange(
        id: try node.string("id"), method: try node.string("method"),
        low: try node.member("low").positive(), high: try node.member("high").positive())
    }
    let teads = try power.member("teads")
    let loads = try teads.list("utilisation") { (node) throws(DataError) in try node.share() }
    let factors = try teads.list("tdp_factor") { (node) throws(DataError) in
      try node.positive()
    }
    teadsCurve = Array(zip(loads, factors)).map { (utilisation: $0, tdpFactor: $1) }
    unknownCPUWattsPerThread =
      try power.member("unknown_cpu_watts_per_thread").member("value").positive()
    dramWattsPerGB = try SourcedRange(power.member("dram_watts_per_gb"))
    let psu = try power.member("psu")
    psuFactor = SourcedRange(
      low: try psu.member("low_factor").positive(),
      best: try psu.member("default_factor").positive(),
      high: try psu.member("high_factor").positive(), source: try psu.string("source"))
    pue = try power.list("pue") { (node) throws(DataError) in
      (try node.string("id"), try node.member("value").positive(), try node.string("source"))
    }
  }
}

extension CPURow {
  init(_ node: Node) throws(DataError) {
    name = try node.string("name")
    kind = try node.string("kind")
    family = try node.optionalString("family")
    cores = try node.member("cores").count()
    threads = try node.member("threads").count()
    tdpWatts = try node.member("tdp_watts").positive()
    specpower = try node.optional("specpower").map { (spec) throws(DataError) in
      SPECpower(
        idleWattsPerSocket: try spec.member("idle_watts_per_socket").positive(),
        fullWattsPerSocket: try spec.member("full_watts_per_socket").positive(),
        results: try spec.member("results").count(), published: try spec.string("published"))
    }
    sources = try node.strings("sources")
    flags = try node.strings("flags")
  }
}

extension CPUFamilyRow {
  init(_ node: Node) throws(DataError) {
    name = try node.string("name")
    cpuid = try node.strings("cpuid")
    idleWattsPerThread = try node.member("idle_watts_per_thread").positive()
    fullWattsPerThread = try node.member("full_watts_per_thread").positive()
    measured = try node.flag("measured")
  }
}

extension SourcedRange {
  init(_ node: Node) throws(DataError) {
    low = try node.amount("low")
    best = try node.amount("best")
    high = try node.amount("high")
    source = try node.string("source")
    guard low <= best, best <= high else {
      throw node.fault(
        .outOfRange("\(low), \(best), \(high)", rule: "must rise from low over best to high"))
    }
  }
}
