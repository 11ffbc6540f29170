// What the endpoint command needs around its run: the key, the prompts, the prices, a way to wait.

import Analysis
import Endpoint
import Inference
import Measurement
import Models
import Reports
import Synchronization

import Dispatch
import Foundation

enum EndpointKey {
  private static let limit = 64 << 10

  /// The key of the file, else of the environment; nil where there is none.
  ///
  /// - Throws: `Failure` that names the place, never the key.
  static func read(file: String?) throws -> APIKey? {
    if let file {
      let bytes = try InputFile(path: file).readAll(limit: limit)
      guard let key = APIKey(String(decoding: bytes, as: UTF8.self)) else {
        throw Failure(
          .badData, "\(ResultFile.name(file)): holds no API key of printable characters")
      }
      return key
    }
    for name in ["MOEBENCH_API_KEY", "OPENAI_API_KEY"] {
      guard let value = ProcessInfo.processInfo.environment[name], !value.isEmpty else { continue }
      guard let key = APIKey(value) else {
        throw Failure(.usage, "\(name): is no API key of printable characters")
      }
      return key
    }
    return nil
  }
}

enum EndpointPrompts {
  private static let limit = 64 << 20

  static func text(_ file: String?) throws -> (bytes: [UInt8], origin: String) {
    guard let file else { return (PromptText.builtIn, "Benchmarks/prompts") }
    let bytes = try Checkpoint.contents(ofFile: file, limit: limit)
    guard !bytes.isEmpty else { throw Failure(.badData, "\(ResultFile.name(file)): is empty") }
    return (bytes, ResultFile.name(file))
  }
}

enum EndpointNotes {
  static func warnings(
    _ report: EndpointReport, key: APIKey?, _ address: EndpointAddress
  ) -> [RunReport.Warning] {
    var warnings: [RunReport.Warning] = []
    if key != nil && !address.isEncrypted && !address.isLocal {
      warnings.append(
        .init(
          code: "key_unencrypted", message: "the API key was sent over http, without encryption"))
    }
    let steal = report.levels.compactMap { $0.disturbance?.stealFraction.value }.max() ?? 0
    if steal > 0.01 {
      warnings.append(
        .init(
          code: "steal",
          message:
            "the hypervisor gave \(Number.percent(steal)) of the CPU time to others (steal time)"))
    }
    return warnings
  }
}

/// Looks at meter, counters and the server's processes around a level.
final class LevelWatch: Sendable {
  private struct State {
    var counters: CounterSnapshot?
    var look: Reading<ServerProcesses.Look>?
  }

  private let processes: ServerProcesses?
  private let meter: (any EnergyMeter)?
  private let nodes: Double
  private let counters = SystemCounters()
  private let state = Mutex(State())

  /// - Parameter port: Of a server on this machine.
  init(port: Int?, meter: (any EnergyMeter)?, nodes: Int) {
    processes = port.map { ServerProcesses(port: $0) }
    self.meter = meter
    self.nodes = Double(nodes)
  }

  func begin() {
    let look = processes?.look()
    let first = counters.snapshot()
    state.withLock {
      $0.counters = first
      $0.look = look
    }
    meter?.begin()
  }

  func end(_ level: inout LoadLevel, _ seconds: Double) {
    guard let first = state.withLock({ $0.counters }) else { return }
    let last = counters.snapshot()
    let disturbance = Disturbance(from: first, to: last)
    level.disturbance = disturbance
    if let processes, let before = state.withLock({ $0.look }) {
      level.server = ServerProcesses.use(
        from: before, to: processes.look(), seconds: seconds, utilisation: disturbance.utilisation,
        logicalCPUs: last.logicalCPUs)
    } else {
      level.server = .unknown(reason: "the server is not on this machine")
    }
    guard let meter else { return }
    let window = EnergyWindow(
      seconds: seconds, utilisation: disturbance.utilisation,
      ownUtilisation: Self.utilisation(disturbance, level.server.value?.shareOfMachine))
    level.energy = meter.end(window).ofEach(nodes)
    level.energySeconds = seconds
  }

  /// This program's and the server's share of all CPUs; all that was busy where the server's is not known.
  private static func utilisation(_ disturbance: Disturbance, _ server: Double?) -> Double {
    guard let server else { return disturbance.utilisation.value ?? disturbance.ownUtilisation }
    return min(1, server + disturbance.ownUtilisation)
  }
}

extension EnergySample {
  /// Given and estimated watts are of one machine; a meter covers what it covers.
  fileprivate func ofEach(_ nodes: Double) -> EnergySample {
    guard !provenance.readsMeter, nodes > 1, let joules = joules.value, let low, let high else {
      return self
    }
    return EnergySample(
      source: source, provenance: provenance, joules: joules * nodes, low: low * nodes,
      high: high * nodes)
  }
}

/// Waits on the main thread for work that suspends.
enum Waiting {
  private final class Box<Value: Sendable>: Sendable {
    let result = Mutex<Result<Value, any Error>?>(nil)
  }

  static func value<Value: Sendable>(
    _ work: @escaping @Sendable () async throws -> Value
  ) throws -> Value {
    let box = Box<Value>()
    let done = DispatchSemaphore(value: 0)
    Task {
      let result: Result<Value, any Error>
      do { result = .success(try await work()) } catch { result = .failure(error) }
      box.result.withLock { $0 = result }
      done.signal()
    }
    done.wait()
    guard let result = box.result.withLock({ $0 }) else { throw EndpointError.cancelled }
    return try result.get()
  }
}
