// moebench calibrate: what a counter misses of the wall's power, fitted and kept for this machine.

import ArgumentParser
import Foundation
import Inference
import Measurement
import Models
import Reports
import StrictJSON
import Targets

struct Calibrate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Fit an energy counter against a wall meter; runs on this machine then use the fit.",
    discussion:
      """
      The wall meter's readings are a CSV file (time,watts or time,joules or time,kwh) that another program keeps \
      writing meanwhile. The machine is put under loads from rest to full; each gives one window. With --counter, two \
      finished recordings are fitted and nothing is run.
      """)

  @Option(help: ArgumentHelp("The wall meter's recording.", valueName: "csv"))
  var wall: String

  @Option(
    help: ArgumentHelp(
      "The counter: auto, rapl, perf, hwmon[:CHIP] or battery.", valueName: "meter"))
  var meter = "auto"

  @Option(
    help: ArgumentHelp(
      "The counter's own recording over the same time, instead of measuring now.", valueName: "csv")
  )
  var counter: String?

  @Option(help: "Seconds of each window.")
  var seconds = 10.0

  @Option(help: "Times each load is run.")
  var rounds = 2

  @OptionGroup(title: "Where it goes") var output: DocumentOptions

  @Flag(help: "Show the fit without keeping it.")
  var dryRun = false

  @Flag(help: "No progress on standard error.")
  var quiet = false

  func validate() throws {
    guard seconds.isFinite, (0.1...3600).contains(seconds) else {
      throw ValidationError("--seconds \(seconds): must be between 0.1 and 3600")
    }
    guard (1...100).contains(rounds) else {
      throw ValidationError("--rounds \(rounds): must be between 1 and 100")
    }
  }

  mutating func run() throws {
    try output.probe()
    try checkMeter()
    let environment = Environment.current()
    let (name, windows) =
      if let counter { try recorded(counter) } else { try observed(environment) }
    let record: CalibrationRecord
    do throws(CalibrationError) {
      record = try CalibrationRecord(
        machine: .init(environment), meter: name, madeAt: Date().formatted(.iso8601),
        windows: windows)
    } catch {
      throw Failure(.badData, "\(ResultFile.name(wall)): \(error)")
    }
    if !dryRun {
      let path = try CalibrationStore(environment).write(record)
      Output.error("kept in \(path.safeForTerminal)\n")
    }
    try output.write(text: record.text, json: { record.json })
  }

  /// A fit is kept by the meter's name; only where that names the counter itself may it be used again.
  private func checkMeter() throws {
    let request = try MeterRequest(flag: meter)
    switch request {
    case .automatic, .hardwareMonitor: return
    default:
      guard let name = request.meterName, Calibration.applies(to: name) else {
        throw Failure(
          .usage, "--meter \(request.name): only rapl, perf, hwmon and battery can be calibrated")
      }
    }
  }

  private func trace(_ path: String) throws -> MeterTrace {
    guard FileManager.default.fileExists(atPath: path) else {
      throw Failure(.noInput, "\(path): no such file")
    }
    return try MeterTrace(path: path)
  }

  private func recorded(_ path: String) throws -> (String, [Calibration.Window]) {
    guard let name = try MeterRequest(flag: meter == "auto" ? "rapl" : meter).meterName else {
      throw Failure(.usage, "--meter \(meter.prefix(40)): names no counter that recorded this")
    }
    let (windows, skipped) = Calibration.windows(
      counter: try trace(path), wall: try trace(wall), seconds: seconds)
    if skipped > 0 {
      Output.error("\(skipped) windows with gaps or too few readings were left out\n")
    } else if windows.isEmpty {
      throw Failure(.badData, "\(path) and \(wall): have no \(seconds) s in common")
    }
    return (name, windows)
  }

  private func observed(_ environment: Environment) throws -> (String, [Calibration.Window]) {
    _ = try trace(wall)
    let metering = try Metering(
      meter, watts: nil, environment, windowSeconds: seconds, calibrated: false)
    guard let counter = metering.meter, Calibration.applies(to: counter.name) else {
      throw Failure(
        .unavailable,
        "no counter to calibrate: --meter \(meter.prefix(20)) is \(metering.meter?.name ?? "none") here; "
          + "see moebench doctor"
      )
    }
    let wallMeter: TraceMeter
    do throws(TraceError) { wallMeter = try TraceMeter(path: wall) } catch {
      throw Failure(.badData, error.description)
    }
    let progress = Progress(quiet: quiet)
    var windows: [Calibration.Window] = []
    let loads = try CalibrationLoad.all(environment)
    for round in 0..<rounds {
      for load in loads {
        progress.say("round \(round + 1) of \(rounds): \(load.name)")
        do throws(EnergyReason) {
          windows.append(
            try .observed(counter: counter, wall: wallMeter) { load.run(seconds: seconds) })
        } catch {
          // One bad window does not undo the others; too few are refused by the fit.
          progress.clear()
          Output.error("left out: \(load.name): \(error.message.safeForTerminal)\n")
        }
      }
    }
    progress.clear()
    return (counter.name, windows)
  }
}

/// Something that keeps a part of the machine busy.
private struct CalibrationLoad {
  let name: String
  private let body: (Double) -> Void

  init(name: String, body: @escaping (Double) -> Void) {
    self.name = name
    self.body = body
  }

  func run(seconds: Double) { body(seconds) }

  /// Rest, memory and arithmetic on one thread, half and all of them.
  static func all(_ environment: Environment) throws -> [CalibrationLoad] {
    let cores = environment.cpu.physicalCores.value ?? environment.cpu.logicalCores.value ?? 1
    var loads = [CalibrationLoad(name: "rest") { Thread.sleep(forTimeInterval: $0) }]
    for threads in Set([1, max(1, cores / 2), cores]).sorted() {
      // A load, not a measurement: a buffer that a large cache half holds keeps the machine as busy.
      let probe = try MachineProbe(threads: threads, lastCacheBytes: 1 << 20)
      loads.append(
        CalibrationLoad(name: "reading memory, \(threads) threads") {
          _ = probe.rate(of: .read, runs: 1, seconds: $0)
        })
      loads.append(
        CalibrationLoad(name: "multiplying, \(threads) threads") {
          _ = probe.rate(of: .floatPeak, runs: 1, seconds: $0)
        })
    }
    return loads
  }
}
