// Where calibrations are kept: one file for each machine and meter, in the user's data folder.

import Measurement
import Models
import Reports
import StrictJSON

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Calibrations in `calibrations` of the user's data folder.
struct CalibrationStore {
  /// nil where the environment names no folder.
  let folder: String?
  private let machine: CalibrationRecord.Machine

  private static let limit = 16 << 20

  init(
    _ environment: Environment, variables: [String: String] = ProcessInfo.processInfo.environment
  ) {
    machine = CalibrationRecord.Machine(environment)
    folder = UserFolder.data.path(variables).map { $0 + "/calibrations" }
  }

  /// Where the calibration of a meter on this machine is kept.
  func path(of meter: String) -> String? {
    folder.map {
      "\($0)/\(Self.slug(machine.cpu))-\(machine.logicalCores).\(Self.slug(meter)).json"
    }
  }

  /// The calibration of a meter on this machine.
  ///
  /// - Returns: nil where there is none.
  /// - Throws: `DataError` or `CheckpointError` where the file is damaged or of another machine.
  func record(of meter: String) throws -> CalibrationRecord? {
    guard let path = path(of: meter), FileManager.default.fileExists(atPath: path) else {
      return nil
    }
    let name = ResultFile.name(path)
    let record = try CalibrationRecord(
      parsing: ResultFile.bytes(path, limit: Self.limit), file: name)
    guard record.meter == meter, record.machine.isSame(as: machine) else {
      throw DataError(
        file: name, path: "machine",
        rule: .outOfRange("a calibration", rule: "is of another machine or meter"))
    }
    return record
  }

  func write(_ record: CalibrationRecord) throws -> String {
    guard let folder, let path = path(of: record.meter) else {
      throw Failure(
        .cannotCreate, "neither HOME nor XDG_DATA_HOME names a folder; --output-file does")
    }
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw Failure(.cannotCreate, "\(folder): the folder cannot be made")
    }
    try AtomicFile.write(path, record.json.utf8(pretty: true))
    return path
  }

  /// Lower-case words of a name, for a file.
  private static func slug(_ text: String) -> String {
    let words = text.lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
    return String(words.joined(separator: "-").prefix(80))
  }
}
