// What is known about a machine's power without a meter; filled by whoever holds the tables.

/// Methods of estimating power, best first.
public enum EstimateMethod: String, Sendable, CaseIterable {
  /// Whole-server SPECpower result of the exact processor, by utilisation.
  case specpower = "estimate-specpower"
  /// Watts per thread of the processor's family (Cloud Carbon Footprint).
  case familyWatts = "estimate-family-watts"
  /// SPECpower results of the generation's parts per thread, where the part is not known.
  case generationSpecpower = "estimate-generation-specpower"
  /// Teads curve times thermal design power times the share of threads.
  case teads = "estimate-teads"
  /// Thermal design power times utilisation.
  case tdpUtilisation = "estimate-tdp-utilisation"
  /// Watts per thread of an unknown processor.
  case unknownCPU = "estimate-unknown-cpu"
}

/// A processor of the power table.
public struct PowerPart: Sendable, Equatable {
  public let name: String
  public let threads: Int?
  public let tdpWatts: Double?
  /// Whole-server AC watts per socket.
  public let specpower: (idle: Double, full: Double)?

  public init(
    name: String, threads: Int?, tdpWatts: Double?, specpower: (idle: Double, full: Double)?
  ) {
    self.name = name
    self.threads = threads
    self.tdpWatts = tdpWatts
    self.specpower = specpower
  }

  public static func == (a: PowerPart, b: PowerPart) -> Bool {
    a.name == b.name && a.threads == b.threads && a.tdpWatts == b.tdpWatts
      && a.specpower?.idle == b.specpower?.idle && a.specpower?.full == b.specpower?.full
  }
}

/// Everything the estimators need.
public struct PowerFacts: Sendable {
  /// The processor, recognised by its name; `nil` is an answer.
  public var part: PowerPart?
  /// Watts per thread at idle and at full load, recognised by family and model.
  public var family: (name: String, idle: Double, full: Double)?
  /// Parts of the generation, for a processor that hides which part it is.
  public var siblings: [PowerPart]
  /// Logical CPUs here: all threads, or a virtual machine's share of them.
  public var threads: Int
  public var sockets: Int
  /// Memory here, GB (10^9 bytes); `nil` where unknown.
  public var memoryGB: Double?
  public var dramWattsPerGB: WattsRange
  /// Watts at the wall for each watt behind the power supply, for the methods that see only the latter.
  public var psu: WattsRange
  /// Utilisation 0 … 1 and the factor on the thermal design power there, ascending.
  public var teadsCurve: [(utilisation: Double, factor: Double)]
  public var unknownWattsPerThread: Double
  /// 90 % ranges as factors. A method without one is not used.
  public var ranges: [EstimateMethod: (low: Double, high: Double)]

  public init(
    part: PowerPart?, family: (name: String, idle: Double, full: Double)?,
    siblings: [PowerPart] = [], threads: Int, sockets: Int = 1, memoryGB: Double?,
    dramWattsPerGB: WattsRange, teadsCurve: [(utilisation: Double, factor: Double)],
    unknownWattsPerThread: Double, ranges: [EstimateMethod: (low: Double, high: Double)],
    psu: WattsRange = WattsRange(low: 1, best: 1, high: 1)
  ) {
    self.psu = psu
    self.part = part
    self.family = family
    self.siblings = siblings
    self.threads = threads
    self.sockets = sockets
    self.memoryGB = memoryGB
    self.dramWattsPerGB = dramWattsPerGB
    self.teadsCurve = teadsCurve
    self.unknownWattsPerThread = unknownWattsPerThread
    self.ranges = ranges
  }
}
