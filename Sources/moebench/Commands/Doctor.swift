// moebench doctor: what can be measured here, what not, why, and how to enable it.

import ArgumentParser
import Measurement
import Models
import Reports

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Say what can be measured here, what not, why, and how to enable it.",
    discussion: "Looks only: nothing is changed, and no meter that needs an address is guessed.")

  @OptionGroup var output: DocumentOptions

  mutating func run() throws {
    try output.probe()
    let environment = Environment.current()
    let doctor = Doctor(estimate: try PowerModel.of(environment))
    let metering = try Metering("auto", watts: nil, environment, windowSeconds: 5)
    let store = CalibrationStore(environment)
    let meters = doctor.meters()
    let (records, problems) = calibrations(store, meters)
    let report = DoctorReport(
      tool: Tool.description,
      startedAt: Date().formatted(.iso8601), environment: environment, meters: meters,
      conditions: doctor.conditions(), chosen: metering.account(idle: nil), calibrations: records,
      problems: problems)
    try output.write(text: report.text, json: { report.json })
  }

  private func calibrations(_ store: CalibrationStore, _ meters: [Finding])
    -> ([CalibrationRecord], [String])
  {
    var records: [CalibrationRecord] = []
    var problems: [String] = []
    for meter in meters {
      do {
        if let record = try store.record(of: meter.subject) { records.append(record) }
      } catch {
        problems.append("\(error)")
      }
    }
    return (records, problems)
  }
}
