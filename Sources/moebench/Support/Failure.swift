// Every way to stop: one line on standard error and the exit status of CONTRACT.

import Analysis
import ArgumentParser
import CProcessStart
import CostModel
import Endpoint
import History
import Inference
import Measurement
import Models
import StrictJSON
import Targets

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// sysexits.h, and 128 + signal for interruptions.
enum ExitStatus: Int32 {
  case done = 0
  case regression = 1
  case usage = 64
  case badData = 65
  case noInput = 66
  case unavailable = 69
  case software = 70
  case system = 71
  case cannotCreate = 73
  case inputOutput = 74
  case refused = 77
  case interrupted = 130
  case terminated = 143
}

/// A refusal with its status, where the error's own type does not tell.
struct Failure: Error, CustomStringConvertible {
  let status: ExitStatus
  let description: String

  init(_ status: ExitStatus, _ description: String) {
    self.status = status
    self.description = description
  }

  /// Ends the process: help and version on standard output, anything else as one line on standard error.
  static func exit(_ error: any Error) -> Never {
    let code = Moebench.exitCode(for: error)
    if code == .success {
      let message = Moebench.fullMessage(for: error)
      if !message.isEmpty { Output.standard(message + "\n") }
      terminate(.done)
    }
    let status = status(of: error) ?? (code == .validationFailure ? .usage : .software)
    Output.error("moebench: \(line(for: error))\n")
    terminate(status)
  }

  static func terminate(_ status: ExitStatus) -> Never {
    fflush(nil)
    #if canImport(Darwin)
      Darwin.exit(status.rawValue)
    #elseif canImport(Glibc)
      Glibc.exit(status.rawValue)
    #else
      Musl.exit(status.rawValue)
    #endif
  }

  private static func status(of error: any Error) -> ExitStatus? {
    switch error {
    case let failure as Failure: failure.status
    case let error as EngineError:
      switch error {
      case .outOfMemory: .system
      case .usage, .tokenOutOfRange, .contextExceeded: .usage
      case .interrupted: .interrupted
      default: .badData
      }
    case let error as EndpointError: error.status
    case is EndpointAddress.Fault, is ServiceObjectiveError: .usage
    case is PlanError, is ListError, is CostError, is CostSettingsError, is WattsError,
      is MeterRequestError, is WorkloadError:
      .usage
    case is DataError, is JSONError, is TokenizerError, is TraceError, is RoutingTraceError,
      is AdviceError:
      .badData
    case let error as LlamaBenchError: ExitStatus(rawValue: error.exitStatus) ?? .unavailable
    case let error as HistoryError:
      switch error.rule {
      case .damaged, .damagedRun, .newerSchema: .badData
      case .noSuchRun, .empty, .tooFewRuns: .noInput
      case .notAnIdentifier: .usage
      case .noFolder, .unusable: .inputOutput
      }
    case is UnknownModel: .noInput
    case let error as CheckpointError: ExitStatus(rawValue: Int32(error.exitStatus)) ?? .badData
    case let error as FileError: error.exitStatus == 73 ? .cannotCreate : .inputOutput
    default: nil
    }
  }

  /// What the system refused is little where the shell set a limit.
  private static func addressLimit(_ error: EngineError) -> String {
    let limit = ps_address_space_limit()
    guard case .outOfMemory = error, limit > 0 else { return "" }
    return "; this process may use \(limit >> 20) MiB of addresses (ulimit -v)"
  }

  /// One line of at most 300 bytes.
  private static func line(for error: any Error) -> String {
    let text: String =
      switch error {
      case let error as EngineError: error.description + addressLimit(error)
      case let error as any CustomStringConvertible where !(error is CleanExit): error.description
      default: Moebench.message(for: error)
      }
    let first =
      Moebench.exitCode(for: error) == .validationFailure
      ? Moebench.message(for: error) : text
    let oneLine = first.split(whereSeparator: \.isNewline).joined(separator: " ")
    return oneLine.utf8.count <= 290 ? oneLine : String(oneLine.prefix(280)) + "…"
  }
}

extension EndpointError {
  fileprivate var status: ExitStatus {
    switch self {
    case .refused: .refused
    case .cancelled: Interruption.status ?? .interrupted
    case .unusableModelList: .badData
    default: .unavailable
    }
  }
}
