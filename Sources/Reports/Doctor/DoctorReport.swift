// What can be measured on this machine, what not, why, and how to enable it.

import Measurement
import StrictJSON

/// The doctor's findings with the meter a run would use.
public struct DoctorReport: Sendable {
  public static let schema = "moebench.doctor/1"

  public var tool: RunReport.Tool
  /// UTC, ISO 8601.
  public var startedAt: String
  public var environment: Environment
  /// Best first.
  public var meters: [Finding]
  /// Settings that spoil measurements.
  public var conditions: [Finding]
  /// What `--meter auto` takes for repetitions of some seconds.
  public var chosen: EnergyAccount
  /// Calibrations kept for this machine; files that could not be used are named in `problems`.
  public var calibrations: [CalibrationRecord]
  public var problems: [String]

  public init(
    tool: RunReport.Tool, startedAt: String, environment: Environment, meters: [Finding],
    conditions: [Finding], chosen: EnergyAccount, calibrations: [CalibrationRecord],
    problems: [String]
  ) {
    self.tool = tool
    self.startedAt = startedAt
    self.environment = environment
    self.meters = meters
    self.conditions = conditions
    self.chosen = chosen
    self.calibrations = calibrations
    self.problems = problems
  }

  public var json: JSONValue {
    object([
      ("schema", .string(Self.schema)),
      ("tool", tool.json),
      ("started_at", .string(startedAt)),
      ("machine", environment.json(nil)),
      ("meters", .array(meters.map(\.json))),
      ("conditions", .array(conditions.map(\.json))),
      ("chosen", chosen.json(nil)),
      ("calibrations", .array(calibrations.map(\.json))),
      ("problems", .array(problems.map { .string($0) })),
    ])
  }

  /// At most 80 columns, commands apart: those are shown whole, to be copied.
  public func text(_ style: Style = .plain) -> String {
    var lines = [style.bold("Energy, best meter first")]
    lines += meters.flatMap { Self.lines($0, style) }
    lines.append("")
    lines += wrapped(
      "A run's energy would be " + chosen.sentence.replacing("Energy: ", with: ""))
    for record in calibrations {
      lines += wrapped(
        "Calibrated against a wall meter: \(record.meter), \(record.windows.count) windows, "
          + record.madeAt)
    }
    lines += problems.flatMap { wrapped("Not used: \($0)") }
    lines.append("")
    lines.append(style.bold("What disturbs timings"))
    lines += conditions.flatMap { Self.lines($0, style) }
    return lines.joined(separator: "\n") + "\n"
  }

  private static let nameWidth = 20

  private static func lines(_ finding: Finding, _ style: Style) -> [String] {
    let name = finding.subject.safeForTerminal.shortened(to: nameWidth)
    let padding = String(repeating: " ", count: nameWidth + 1 - name.count)
    let state = finding.state.rawValue
    let gap = String(repeating: " ", count: max(1, 10 - state.count))
    var head = "  \(name)\(padding)\(state)"
    let detail = finding.detail.safeForTerminal
    let fits = head.count + gap.count + detail.count <= 80
    if fits { head += gap + detail }
    var lines = [head] + (fits ? [] : wrapped(detail, width: 76).map { "    " + $0 })
    if let remedy = finding.remedy {
      lines += remedy.split(separator: "\n").map {
        style.dim("      " + String($0).safeForTerminal)
      }
    }
    return lines
  }
}
