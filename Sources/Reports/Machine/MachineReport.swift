// What `moebench machine` found out: the machine's parts, and the limits measured on it.

import Analysis
import Measurement
import StrictJSON

/// This machine, described and measured.
public struct MachineReport: Sendable {
  public static let schema = "moebench.machine/1"

  public var tool: RunReport.Tool
  /// UTC, ISO 8601.
  public var startedAt: String
  public var environment: Environment
  /// Every instruction set there are kernels for, and whether this machine has it.
  public var instructionSets: [(name: String, isAvailable: Bool)]
  public var meters: [Finding]
  public var limits: MachineLimits
  /// Seconds since the limits were measured, where they were kept from an earlier time; nil where just measured.
  public var limitsAge: Double?

  public init(
    tool: RunReport.Tool, startedAt: String, environment: Environment,
    instructionSets: [(name: String, isAvailable: Bool)], meters: [Finding],
    limits: MachineLimits, limitsAge: Double?
  ) {
    self.tool = tool
    self.startedAt = startedAt
    self.environment = environment
    self.instructionSets = instructionSets
    self.meters = meters
    self.limits = limits
    self.limitsAge = limitsAge
  }
}

extension MachineReport {
  public var json: JSONValue {
    object([
      ("schema", .string(Self.schema)),
      ("tool", tool.json),
      ("started_at", .string(startedAt)),
      ("machine", environment.json(nil)),
      (
        "instruction_sets",
        .array(
          instructionSets.map { ["name": .string($0.name), "available": .bool($0.isAvailable)] })
      ),
      ("meters", .array(meters.map(\.json))),
      ("ceilings", limits.json(age: limitsAge)),
    ])
  }
}

extension Finding {
  var json: JSONValue {
    object([
      ("name", .string(subject)), ("state", .string(state.rawValue)), ("detail", .string(detail)),
      ("remedy", .stringOrNull(remedy)),
    ])
  }
}
