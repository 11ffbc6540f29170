// A result read back from its document: strict about numbers, tolerant of keys it does not know.

import Analysis
import CostModel
import Measurement
import Models
import StrictJSON

/// A `moebench.result/1` document as values. Every statistic here was computed again from its samples.
public struct StoredResult: Sendable {
  /// The model of a stored result; nil where the document does not tell.
  public struct Model: Sendable {
    public let name: String
    public let source: String
    public let architecture: String
    public let totalParameters: Double?
    public let activeParameters: Double?
    public let weightFormat: String
    public let weightBytes: Double?
    public let slice: (measured: Int, total: Int)?
  }

  /// The machine it was measured on, with its limits in GB, GFLOP and GOP a second; nil where not known.
  public struct Machine: Sendable {
    public let cpu: String?
    public let logicalCores: Int?
    public let virtualisation: String?
    public let memoryBytes: Double?
    public let bandwidthGBs: Double?
    public let floatGflops: Double?
    public let integerGops: Double?
    public let operatingSystem: String?
    public let kernel: String?
  }

  /// What ran the model.
  public struct Engine: Sendable {
    public let name: String
    public let blas: String?
    public let instructionSet: String?
    public let threads: String
  }

  /// What disturbed the run or limits what it says; the code is stable, the message for people.
  public struct Warning: Sendable, Hashable {
    public let code: String
    public let message: String
  }

  /// Where it was read, for messages.
  public let file: String
  /// The document as it was read, nothing lost.
  public let document: JSONValue
  public let toolVersion: String
  public let startedAt: String
  public let status: RunStatus
  public let samplesPlanned: Int?
  public let model: Model
  public let machine: Machine
  public let engine: Engine
  public let warnings: [Warning]
  public let tests: [StoredTest]
  /// Where the energy figures come from; nil where the document does not tell.
  public let energyAccount: StoredEnergyAccount?
  /// The assumptions the stored cost was made with; empty where none is stored.
  public let assumptions: [AssumptionLine]
  /// Machines that make the measured rates together: of a server's run all it was said to run on, else 1.
  public let nodes: Int
  /// False where a server on another machine was measured; `machine` is then the client's.
  public let isOfThisMachine: Bool

  public var samplesDone: Int { tests.reduce(0) { $0 + $1.samples.count } }
}

extension StoredResult {
  public static let family = "moebench.result/"
  /// Larger than any sound result, small enough to hold in memory.
  public static let limits = JSONLimits(bytes: 64 << 20, depth: 64, values: 4 << 20)

  /// - Throws: `DataError` naming file, JSON path and rule: another or a newer schema, a number that
  ///   is missing, negative or not finite, a statistic that its samples do not give.
  public init(parsing bytes: [UInt8], file: String) throws(DataError) {
    let value: JSONValue
    do throws(JSONError) {
      value = try JSONValue(parsing: bytes, limits: Self.limits)
    } catch {
      throw DataError(file: file, path: "", rule: .notJSON(error.description))
    }
    try self.init(Node(file: file, value: value))
  }

  /// What a report of this process would be read back as.
  public init(_ report: RunReport, file: String = "this run") throws(DataError) {
    try self.init(Node(file: file, value: report.json))
  }

  /// - Parameter document: Read or made already.
  public init(_ document: JSONValue, file: String) throws(DataError) {
    try self.init(Node(file: file, value: document))
  }

  init(_ document: Node) throws(DataError) {
    try Self.checkSchema(document)
    file = document.file
    self.document = document.value
    toolVersion = try document.member("tool").string("version")
    startedAt = try document.optionalString("started_at") ?? "unknown time"
    let status = try document.member("status")
    guard let known = RunStatus(rawValue: try status.string()) else {
      throw status.fault(.outOfRange("the status", rule: "must be complete or interrupted"))
    }
    self.status = known
    samplesPlanned = try document.optionalCount("samples_planned")
    model = try Model(document.member("model"))
    machine = try Machine(document.member("machine"))
    engine = try Engine(document.member("engine"))
    warnings = try document.list("warnings") { (node) throws(DataError) in
      Warning(code: try node.string("code"), message: try node.string("message"))
    }
    tests = try document.member("tests").each { (node) throws(DataError) in
      try StoredTest(node)
    }
    guard !tests.isEmpty else { throw try document.member("tests").fault(.empty) }
    energyAccount = try document.optional("energy_account").map { (node) throws(DataError) in
      try StoredEnergyAccount(node)
    }
    assumptions =
      try document.optional("cost")?.optional("assumptions").map {
        (node) throws(DataError) in try Self.assumptions(node)
      } ?? []
    let service = try document.optional("endpoint")
    nodes = try service.map { (node) throws(DataError) in try Self.nodes(node) } ?? 1
    isOfThisMachine = service?.value["local"]?.bool ?? true
  }

  /// Machines behind one address, as `--nodes` takes them.
  public static let mostNodes = 100_000

  private static func nodes(_ service: Node) throws(DataError) -> Int {
    guard let nodes = try service.optionalCount("nodes") else { return 1 }
    guard (1...mostNodes).contains(nodes) else {
      throw try service.member("nodes").fault(
        .outOfRange("\(nodes)", rule: "must be from 1 to \(mostNodes)"))
    }
    return nodes
  }

  private static func checkSchema(_ document: Node) throws(DataError) {
    let schema = try document.member("schema")
    let name = try schema.string()
    guard name == RunReport.schema else {
      throw schema.fault(.unknownSchema(name, wanted: [RunReport.schema]))
    }
  }

  private static func assumptions(_ node: Node) throws(DataError) -> [AssumptionLine] {
    var lines: [AssumptionLine] = []
    for (key, line) in try node.members() {
      lines.append(
        AssumptionLine(
          name: key, value: try line.range(low: "low", best: "value", high: "high", .given),
          unit: try line.optionalString("unit") ?? "",
          source: try line.optionalString("source") ?? "stored"))
    }
    return lines
  }
}

extension StoredResult.Model {
  init(_ node: Node) throws(DataError) {
    name = try node.string("name")
    source = try node.string("source")
    architecture = try node.optionalString("architecture") ?? "unknown"
    let parameters = try node.optional("parameters")
    totalParameters = try parameters?.optionalAmount("total")
    activeParameters = try parameters?.optionalAmount("active")
    weightFormat = try node.optionalString("weight_format") ?? "unknown"
    weightBytes = try node.optionalAmount("weight_bytes")
    if let total = totalParameters, let active = activeParameters, active > total {
      throw try node.member("parameters").fault(
        .outOfRange("\(active) active", rule: "must not exceed the total of \(total)"))
    }
    slice = try node.optional("slice").map { (slice) throws(DataError) in
      (
        try slice.member("layers_measured").count(), try slice.member("layers_total").count()
      )
    }
  }
}

extension StoredResult.Machine {
  init(_ node: Node) throws(DataError) {
    cpu = try node.optionalString("cpu")
    logicalCores = try node.optionalCount("logical_cores")
    virtualisation = try node.optionalString("virtualisation")
    memoryBytes = try node.optionalAmount("memory_bytes")
    bandwidthGBs = try node.optionalAmount("bandwidth_gb_s")
    floatGflops = try node.optionalAmount("float_gflop_s")
    integerGops = try node.optionalAmount("int8_gop_s")
    operatingSystem = try node.optionalString("operating_system")
    kernel = try node.optionalString("kernel")
  }
}

extension StoredResult {
  /// What ran the model, as headings say it: of a server elsewhere the document's machine is only the client.
  var machineName: String {
    isOfThisMachine ? machine.cpu ?? "unknown processor" : "a server elsewhere"
  }
}

extension StoredResult.Engine {
  init(_ node: Node) throws(DataError) {
    name = try node.string("name")
    blas = try node.optionalString("blas")
    instructionSet = try node.optionalString("instruction_set")
    var counts: [String] = []
    if let threads = try node.optional("threads") {
      let list = threads.value.array == nil ? [threads] : try threads.elements()
      for count in list { counts.append(String(try count.count())) }
    }
    threads = counts.isEmpty ? "unknown" : counts.joined(separator: ",")
  }
}

extension Node {
  /// Three members as a range; a single best value stands for all three.
  func range(
    low: String, best: String, high: String, _ provenance: CostModel.Provenance
  ) throws(DataError) -> Estimate {
    let middle = try amount(best)
    let least = try optionalAmount(low) ?? middle
    let most = try optionalAmount(high) ?? middle
    do throws(CostError) {
      return try Estimate(low: least, best: middle, high: most, provenance: provenance)
    } catch {
      throw fault(.outOfRange("\(least), \(middle), \(most)", rule: error.description))
    }
  }
}
