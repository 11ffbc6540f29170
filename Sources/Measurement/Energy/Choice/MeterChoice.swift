// From a request to a meter: the one asked for or a reason, or the best that works here.

/// A meter, and what was passed over on the way to it.
public struct MeterChoice: Sendable {
  /// `nil` only where none was asked for or nothing, not even an estimate, is possible.
  public let meter: (any EnergyMeter)?
  /// Better meters that cannot be used here, best first, and why.
  public let passedOver: [(name: String, reason: EnergyReason)]
  /// Windows shorter than this are not resolved, seconds.
  public var shortestWindow: Double { meter?.shortestWindow ?? 0 }
}

/// Makes meters.
public struct MeterFactory: Sendable {
  /// Stands in where nothing measures; `nil` where there is none.
  private let estimate: PowerModel?
  private let tree: FileTree
  private let clock: any MonotonicClock
  /// Ends what a meter waits for.
  private let cancellation: Cancellation

  public init(
    estimate: PowerModel?, tree: FileTree = FileTree(), clock: any MonotonicClock = SystemClock(),
    cancellation: Cancellation = Cancellation()
  ) {
    self.cancellation = cancellation
    self.estimate = estimate
    self.tree = tree
    self.clock = clock
  }

  /// - Parameter windowSeconds: How long a repetition is expected to take. Automatic choice leaves
  ///   out meters that are too slow for it, such as a battery's; asked for by name they are used.
  /// - Throws: The reason where the meter asked for cannot be used; it is never replaced silently.
  public func choose(
    _ request: MeterRequest, windowSeconds: Double = 2
  ) throws(EnergyReason) -> MeterChoice {
    switch request {
    case .none: MeterChoice(meter: nil, passedOver: [])
    case .automatic: automatic(windowSeconds)
    default: MeterChoice(meter: try meter(request), passedOver: [])
    }
  }

  /// Ranks as in the project's notes on energy: the whole machine before the processor alone,
  /// measured before estimated. Meters that need an address are never guessed.
  package static let ranking: [(name: String, request: MeterRequest)] = [
    ("ipmi-dcmi", .ipmi), ("hwmon", .hardwareMonitor(chip: nil)), ("battery", .battery),
    ("rapl-powercap", .raplPowercap), ("rapl-perf", .raplPerf),
    ("hwmon-amd_energy", .hardwareMonitor(chip: "amd_energy")), ("powermetrics", .powermetrics),
    ("estimate", .estimate),
  ]

  private func automatic(_ windowSeconds: Double) -> MeterChoice {
    var passed: [(name: String, reason: EnergyReason)] = []
    for (name, request) in Self.ranking {
      do throws(EnergyReason) {
        try presence(request)
        // Absence says more than slowness; but no program is started that would be too slow.
        if let program = Self.program(request) {
          try Self.check(program.shortestWindow, fits: windowSeconds)
        }
        let meter = try meter(request)
        try Self.check(meter.shortestWindow, fits: windowSeconds)
        return MeterChoice(meter: meter, passedOver: passed)
      } catch {
        passed.append((name, error))
      }
    }
    return MeterChoice(meter: nil, passedOver: passed)
  }

  /// Of meters that are a program started for each reading.
  private static func program(_ request: MeterRequest) -> MeterTraits? {
    switch request {
    case .ipmi: .ipmi
    case .powermetrics: .powermetrics
    default: nil
    }
  }

  private static func check(_ shortest: Double, fits seconds: Double) throws(EnergyReason) {
    guard shortest > seconds else { return }
    throw EnergyReason(
      .windowTooShort,
      "resolves \(shortest.inSeconds) s, a repetition may take only \(seconds.inSeconds) s")
  }

  /// Keeps the automatic choice from starting programs that cannot work here.
  private func presence(_ request: MeterRequest) throws(EnergyReason) {
    switch request {
    case .ipmi:
      guard IPMIReader.device(tree) != nil else {
        throw EnergyReason(.noMeter, "\(IPMIReader.devices[0]) does not exist")
      }
    case .powermetrics:
      #if !os(macOS)
        throw EnergyReason(.noMeter, "powermetrics is macOS's")
      #endif
    default: break
    }
  }

  /// The meter of a request, opened and read once.
  package func meter(_ request: MeterRequest) throws(EnergyReason) -> any EnergyMeter {
    switch request {
    case .automatic, .none: throw EnergyReason(.noMeter, "no meter was asked for")
    case .estimate:
      guard let estimate else { throw EnergyReason(.noMeter, "no power table is at hand") }
      return EstimatedMeter(model: estimate)
    case .raplPowercap: return try RAPLPowercap.meter(tree: tree, clock: clock)
    case .raplPerf: return try PerfPower.meter(tree: tree, clock: clock)
    case .hardwareMonitor(let chip):
      return try HardwareMonitor.meter(chip: chip, tree: tree, clock: clock)
    case .battery: return try power(.battery, try BatteryReader(tree: tree))
    // A program is started for each reading, so not too often.
    case .ipmi: return try power(.ipmi, IPMIReader(), interval: 2)
    case .redfish(let url): return try power(.redfish, try RedfishReader(url: url))
    case .shelly(let host):
      return try power(.shelly, try ShellyReader(authority: host, generation: .second))
    case .shellyFirstGeneration(let host):
      return try power(.shelly, try ShellyReader(authority: host, generation: .first))
    case .command(let text): return try power(.command, CommandReader(command: text))
    case .powermetrics: return try power(.powermetrics, PowerMetricsReader())
    case .csv(let path):
      do throws(TraceError) {
        return try TraceMeter(path: path, cancellation: cancellation)
      } catch {
        throw EnergyReason(.garbage, error.description)
      }
    }
  }

  private func power(
    _ traits: MeterTraits, _ reader: any PowerReader, interval: Double = 1
  ) throws(EnergyReason) -> PowerMeter {
    try PowerMeter(traits: traits, reader: reader, clock: clock, interval: interval)
  }
}

/// 90 % ranges of the project's notes on energy; judgement where not measured.
extension MeterTraits {
  /// Some controllers average over a minute.
  static let ipmi = MeterTraits(
    name: "ipmi-dcmi", covers: "whole server, AC", coverage: .machine, low: 0.93, high: 1.07,
    shortestWindow: 10)
  static let redfish = MeterTraits(
    name: "redfish", covers: "whole server, AC", coverage: .machine, low: 0.93, high: 1.07,
    shortestWindow: 10)
  /// Fuel gauges update every 1 to 30 s.
  static let battery = MeterTraits(
    name: "battery", covers: "whole laptop, screen included", coverage: .machine, low: 0.90,
    high: 1.10, shortestWindow: 300)
  static let shelly = MeterTraits(
    name: "shelly", covers: "everything behind the plug", coverage: .machine, low: 0.98,
    high: 1.02, shortestWindow: 3)
  static let command = MeterTraits(
    name: "command", covers: "what the command measures", low: 0.98, high: 1.02,
    shortestWindow: 3)
  static let powermetrics = MeterTraits(
    name: "powermetrics", covers: "CPU, GPU and neural engine", coverage: .processor, low: 0.90,
    high: 1.10, shortestWindow: 3)
}
