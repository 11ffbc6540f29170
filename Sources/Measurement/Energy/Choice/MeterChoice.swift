// From a request to a meter: the one asked for or a reason, or the best that works here.

/// A meter, and what was passed over on the way to it.
public struct MeterChoice: Sendable {
  /// `nil` only where none was asked for or nothing, not even an estimate, is possible.
  public let meter: (any EnergyMeter)?
  /// Better meters that cannot be used here, best first, and why.
  public let passedOver: [(name: String, reason: EnergyReason)]
  /// Windows shorter than this are not resolved, seconds.
  public let shortestWindow: Double
}

/// Makes meters.
public struct MeterFactory: Sendable {
  /// Stands in where nothing measures; `nil` where there is none.
  private let estimate: PowerModel?
  private let tree: FileTree
  private let clock: any MonotonicClock

  public init(
    estimate: PowerModel?, tree: FileTree = FileTree(), clock: any MonotonicClock = SystemClock()
  ) {
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
    case .none: MeterChoice(meter: nil, passedOver: [], shortestWindow: 0)
    case .automatic: automatic(windowSeconds)
    default:
      MeterChoice(
        meter: try meter(request), passedOver: [], shortestWindow: Self.shortestWindow(request))
    }
  }

  /// Ranks as in the project's notes on energy: the whole machine before the processor alone,
  /// measured before estimated. Meters that need an address are never guessed.
  package static let ranking: [(name: String, request: MeterRequest)] = [
    ("ipmi-dcmi", .ipmi), ("hwmon", .hardwareMonitor(chip: nil)), ("battery", .battery),
    ("rapl-powercap", .raplPowercap), ("rapl-perf", .raplPerf), ("powermetrics", .powermetrics),
    ("estimate", .estimate),
  ]

  private func automatic(_ windowSeconds: Double) -> MeterChoice {
    var passed: [(name: String, reason: EnergyReason)] = []
    for (name, request) in Self.ranking {
      do throws(EnergyReason) {
        try presence(request)
        // Absence says more than slowness; but no program is started that would be too slow.
        let shortest = Self.shortestWindow(request)
        let tooSlow = EnergyReason(
          .windowTooShort,
          "resolves \(shortest) s, a repetition may take only \(Self.rounded(windowSeconds)) s")
        if Self.startsProgram(request), shortest > windowSeconds { throw tooSlow }
        let meter = try meter(request)
        guard shortest <= windowSeconds else { throw tooSlow }
        return MeterChoice(meter: meter, passedOver: passed, shortestWindow: shortest)
      } catch {
        passed.append((name, error))
      }
    }
    return MeterChoice(meter: nil, passedOver: passed, shortestWindow: 0)
  }

  private static func startsProgram(_ request: MeterRequest) -> Bool {
    request == .ipmi || request == .powermetrics
  }

  private static func rounded(_ seconds: Double) -> Double {
    guard seconds.isFinite, seconds < 1e6 else { return seconds }
    return (seconds * 100).rounded() / 100
  }

  /// Keeps the automatic choice from starting programs that cannot work here.
  private func presence(_ request: MeterRequest) throws(EnergyReason) {
    switch request {
    case .ipmi:
      let devices = ["/dev/ipmi0", "/dev/ipmi/0", "/dev/ipmidev/0"]
      guard devices.contains(where: tree.exists) else {
        throw EnergyReason(.noMeter, "/dev/ipmi0 does not exist")
      }
    case .powermetrics:
      #if !os(macOS)
        throw EnergyReason(.noMeter, "powermetrics is macOS's")
      #endif
    default: break
    }
  }

  /// Windows shorter than this are not resolved, seconds.
  package static func shortestWindow(_ request: MeterRequest) -> Double {
    switch request {
    // Some controllers average over a minute.
    case .ipmi, .redfish: 10
    // Fuel gauges update every 1 to 30 s.
    case .battery: 300
    case .hardwareMonitor, .shelly, .shellyFirstGeneration, .command, .powermetrics: 3
    case .raplPowercap, .raplPerf: 0.1
    default: 0
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
    case .battery:
      return try power(
        "battery", "whole laptop, screen included", request, try BatteryReader(tree: tree))
    case .ipmi: return try power("ipmi-dcmi", "whole server, AC", request, IPMIReader())
    case .redfish(let url):
      return try power("redfish", "whole server, AC", request, try RedfishReader(url: url))
    case .shelly(let host):
      return try power(
        "shelly", wall, request, try ShellyReader(authority: host, generation: .second))
    case .shellyFirstGeneration(let host):
      return try power(
        "shelly", wall, request, try ShellyReader(authority: host, generation: .first))
    case .command(let text):
      return try power(
        "command", "what the command measures", request, CommandReader(command: text))
    case .powermetrics:
      return try power("powermetrics", "CPU, GPU and neural engine", request, PowerMetricsReader())
    case .csv(let path):
      do throws(TraceError) { return try TraceMeter(path: path) } catch {
        throw EnergyReason(.garbage, error.description)
      }
    }
  }

  private var wall: String { "everything behind the plug" }

  private func power(
    _ name: String, _ covers: String, _ request: MeterRequest, _ reader: any PowerReader
  ) throws(EnergyReason) -> PowerMeter {
    let range = Self.range(request)
    let traits = MeterTraits(
      name: name, covers: covers, low: range.low, high: range.high,
      shortestWindow: Self.shortestWindow(request))
    // A program is started for each reading of IPMI, so not too often.
    return try PowerMeter(
      traits: traits, reader: reader, clock: clock, interval: request == .ipmi ? 2 : 1)
  }

  /// 90 % ranges of the project's notes on energy; judgement where not measured.
  private static func range(_ request: MeterRequest) -> (low: Double, high: Double) {
    switch request {
    case .ipmi, .redfish: (0.93, 1.07)
    case .battery, .powermetrics: (0.90, 1.10)
    default: (0.98, 1.02)
    }
  }
}
