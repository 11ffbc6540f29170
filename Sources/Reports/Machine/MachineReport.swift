// What `moebench machine` found out: the machine's parts, and the limits measured on it.

import Analysis
import Measurement
import StrictJSON

/// This machine, described and measured.
public struct MachineReport: Sendable {
  public static let schema = "moebench.machine/1"

  /// A rate at one size: bytes or operations a second.
  public struct Point: Sendable {
    /// Threads that read, or rows that were multiplied.
    public var size: Int
    public var rate: Reading<Summary>

    public init(size: Int, rate: Reading<Summary>) {
      self.size = size
      self.rate = rate
    }
  }

  public var tool: RunReport.Tool
  /// UTC, ISO 8601.
  public var startedAt: String
  public var environment: Environment
  /// Every instruction set there are kernels for, and whether this machine has it.
  public var instructionSets: [(name: String, isAvailable: Bool)]
  public var meters: [Finding]
  /// Threads the matrices were multiplied with.
  public var threads: Int
  /// By number of threads.
  public var bandwidth: [Point]
  /// By number of rows, all threads together.
  public var floatRates: [Point]
  public var integerRates: [Point]
  /// While the limits were measured.
  public var disturbance: Disturbance

  public init(
    tool: RunReport.Tool, startedAt: String, environment: Environment,
    instructionSets: [(name: String, isAvailable: Bool)], meters: [Finding], threads: Int,
    bandwidth: [Point], floatRates: [Point], integerRates: [Point], disturbance: Disturbance
  ) {
    self.tool = tool
    self.startedAt = startedAt
    self.environment = environment
    self.instructionSets = instructionSets
    self.meters = meters
    self.threads = threads
    self.bandwidth = bandwidth
    self.floatRates = floatRates
    self.integerRates = integerRates
    self.disturbance = disturbance
  }
}

extension MachineReport {
  public var json: JSONValue {
    object([
      ("schema", .string(Self.schema)),
      (
        "tool",
        ["name": "moebench", "version": .string(tool.version), "commit": .string(tool.commit)]
      ),
      ("started_at", .string(startedAt)),
      ("machine", environment.json(nil)),
      (
        "instruction_sets",
        .array(
          instructionSets.map { ["name": .string($0.name), "available": .bool($0.isAvailable)] })
      ),
      ("meters", .array(meters.map(\.json))),
      (
        "ceilings",
        object([
          ("threads", JSONValue(threads)),
          ("read_bandwidth_gb_s", .array(bandwidth.map { $0.json("threads") })),
          ("f32_gflop_s", .array(floatRates.map { $0.json("rows") })),
          ("int8_gop_s", .array(integerRates.map { $0.json("rows") })),
        ])
      ),
      ("disturbance", disturbance.json),
    ])
  }
}

extension MachineReport.Point {
  /// In billions a second.
  fileprivate func json(_ size: String) -> JSONValue {
    let summary = rate.value
    func billions(_ value: Double?) -> JSONValue { .numberOrNull(value.map { $0 / 1e9 }) }
    return object([
      (size, JSONValue(self.size)), ("median", billions(summary?.median)),
      ("ci_low", billions(summary?.interval?.low)), ("ci_high", billions(summary?.interval?.high)),
      ("min", billions(summary?.minimum)), ("max", billions(summary?.maximum)),
      ("n", JSONValue(summary?.count ?? 0)), ("reason", .stringOrNull(rate.reason)),
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
