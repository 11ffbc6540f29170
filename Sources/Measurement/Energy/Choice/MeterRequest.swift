// Which meter the user asks for.

/// The value of `--meter`.
public enum MeterRequest: Sendable, Equatable {
  case automatic
  case none
  case estimate
  case raplPowercap
  case raplPerf
  case hardwareMonitor(chip: String?)
  case battery
  case ipmi
  case redfish(url: String)
  case shelly(host: String)
  case shellyFirstGeneration(host: String)
  case csv(path: String)
  case command(String)
  case powermetrics

  /// What may be written, for help texts.
  public static let forms =
    "auto, none, estimate, rapl, perf, hwmon[:CHIP], battery, ipmi, powermetrics, csv:FILE, "
    + "command:COMMAND, shelly:HOST, shelly1:HOST, redfish:URL"

  public init(flag text: String) throws(MeterRequestError) {
    let colon = text.firstIndex(of: ":")
    let kind = text[..<(colon ?? text.endIndex)]
    let argument = colon.map { String(text[text.index(after: $0)...]) }
    if let plain = Self.plain[kind], argument == nil {
      self = plain
      return
    }
    guard let argument, !argument.isEmpty else { throw MeterRequestError(text: text) }
    switch kind {
    case "hwmon": self = .hardwareMonitor(chip: argument)
    case "redfish": self = .redfish(url: argument)
    case "shelly", "shelly2": self = .shelly(host: argument)
    case "shelly1": self = .shellyFirstGeneration(host: argument)
    case "csv": self = .csv(path: argument)
    case "command": self = .command(argument)
    default: throw MeterRequestError(text: text)
    }
  }

  /// The name of the meter it makes; nil for a choice or none.
  public var meterName: String? {
    switch self {
    case .automatic, .none, .estimate: nil
    case .raplPowercap: "rapl-powercap"
    case .raplPerf: "rapl-perf"
    case .ipmi: "ipmi-dcmi"
    case .shelly, .shellyFirstGeneration: "shelly"
    case .hardwareMonitor(let chip): chip.map { "hwmon-\($0)" }
    case .battery, .redfish, .csv, .command, .powermetrics: name
    }
  }

  /// The kind of meter as it is written, without what follows the colon.
  public var name: String {
    switch self {
    case .automatic: "auto"
    case .none: "none"
    case .estimate: "estimate"
    case .raplPowercap: "rapl"
    case .raplPerf: "perf"
    case .hardwareMonitor: "hwmon"
    case .battery: "battery"
    case .ipmi: "ipmi"
    case .redfish: "redfish"
    case .shelly: "shelly"
    case .shellyFirstGeneration: "shelly1"
    case .csv: "csv"
    case .command: "command"
    case .powermetrics: "powermetrics"
    }
  }

  private static let plain: [Substring: MeterRequest] = [
    "auto": .automatic, "none": .none, "estimate": .estimate, "rapl": .raplPowercap,
    "perf": .raplPerf, "hwmon": .hardwareMonitor(chip: nil), "battery": .battery, "ipmi": .ipmi,
    "powermetrics": .powermetrics,
  ]
}

/// Why `--meter` is refused.
public struct MeterRequestError: Error, Equatable, Sendable, CustomStringConvertible {
  public let text: String
  public var description: String {
    "--meter \"\(text.clipped)\": expected one of \(MeterRequest.forms)"
  }

  package init(text: String) { self.text = text }
}
