// A calibration of a counter against a wall meter, kept for the machine it was made on.

import CostModel
import Measurement
import Models
import StrictJSON

/// The windows of a calibration with the machine and the meter they are of. The line is fitted anew at each reading.
public struct CalibrationRecord: Sendable {
  public static let schema = "moebench.calibration/1"

  /// What tells one machine from another.
  public struct Machine: Sendable, Hashable {
    public let cpu: String
    public let logicalCores: Int
    public let memoryBytes: Int

    public init(_ environment: Environment) {
      cpu = environment.cpu.modelName.value ?? "unknown"
      logicalCores = environment.cpu.logicalCores.value ?? 0
      memoryBytes = environment.memory.total.value ?? 0
    }

    init(_ node: Node) throws(DataError) {
      cpu = try node.string("cpu")
      logicalCores = try node.member("logical_cores").count()
      memoryBytes = try node.member("memory_bytes").count()
    }

    /// The memory a system reports moves a little with its kernel.
    public func isSame(as other: Machine) -> Bool {
      cpu == other.cpu && logicalCores == other.logicalCores
        && abs(Double(memoryBytes - other.memoryBytes)) <= 0.05 * Double(max(memoryBytes, 1))
    }
  }

  public let machine: Machine
  /// Name of the meter that was calibrated, such as `rapl-powercap`.
  public let meter: String
  /// UTC, ISO 8601.
  public let madeAt: String
  public let windows: [Calibration.Window]
  public let calibration: Calibration

  /// - Throws: `CalibrationError` where the windows cannot carry a line.
  public init(machine: Machine, meter: String, madeAt: String, windows: [Calibration.Window])
    throws(CalibrationError)
  {
    self.machine = machine
    self.meter = meter
    self.madeAt = madeAt
    self.windows = windows
    calibration = try Calibration(windows)
  }

  /// - Throws: `DataError` naming file, JSON path and rule.
  public init(parsing bytes: [UInt8], file: String) throws(DataError) {
    let document = try Node(parsing: bytes, file: file)
    let schema = try document.member("schema")
    let name = try schema.string()
    guard name == Self.schema else {
      throw schema.fault(.unknownSchema(name, wanted: [Self.schema]))
    }
    let list = try document.member("windows")
    let windows = try list.each { (node) throws(DataError) in
      Calibration.Window(
        counterWatts: try node.member("counter_watts").positive(),
        wallWatts: try node.member("wall_watts").positive())
    }
    let machine = try Machine(document.member("machine"))
    let (meter, madeAt) = (try document.string("meter"), try document.string("made_at"))
    do throws(CalibrationError) {
      try self.init(machine: machine, meter: meter, madeAt: madeAt, windows: windows)
    } catch {
      throw list.fault(.outOfRange("the windows", rule: error.description))
    }
  }

  public var json: JSONValue {
    func range(_ range: WattsRange) -> JSONValue {
      object([
        ("low", .numberOrNull(range.low)), ("value", .numberOrNull(range.best)),
        ("high", .numberOrNull(range.high)),
      ])
    }
    return object([
      ("schema", .string(Self.schema)),
      ("made_at", .string(madeAt)),
      ("meter", .string(meter)),
      (
        "machine",
        [
          "cpu": .string(machine.cpu), "logical_cores": JSONValue(machine.logicalCores),
          "memory_bytes": JSONValue(machine.memoryBytes),
        ]
      ),
      (
        "windows",
        .array(
          windows.map {
            [
              "counter_watts": .numberOrNull($0.counterWatts),
              "wall_watts": .numberOrNull($0.wallWatts),
            ]
          })
      ),
      (
        "fit",
        object([
          ("baseline_watts", range(calibration.baseline)), ("slope", range(calibration.slope)),
          ("residual_watts", .numberOrNull(calibration.residual)),
        ])
      ),
    ])
  }

  public func text(_ style: Style = .plain) -> String {
    func range(_ range: WattsRange) -> String {
      "\(Number.short(range.best)) (\(Number.short(range.low)) … \(Number.short(range.high)))"
    }
    var table = TextTable([.right, .right, .right])
    table.add(["counter, W", "wall, W", "line, W"])
    for window in windows.prefix(40) {
      table.add([
        Number.short(window.counterWatts), Number.short(window.wallWatts),
        Number.short(calibration.wallWatts(counterWatts: window.counterWatts).best),
      ])
    }
    var lines = table.headed(style)
    if windows.count > 40 { lines.append("and \(windows.count - 40) more windows") }
    lines.append("")
    lines += wrapped(
      "wall = \(range(calibration.baseline)) W + \(range(calibration.slope)) × \(meter), "
        + "95 % intervals; \(Number.short(calibration.residual)) W remain unexplained")
    return lines.joined(separator: "\n") + "\n"
  }
}
