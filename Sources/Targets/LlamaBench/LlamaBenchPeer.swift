// The user's own llama-bench, in turn with the built-in engine: a process for each repetition.

import Foundation
import Import
import Measurement
import Models

/// Measures tests with llama-bench, one repetition at a time.
///
/// Each repetition is a process of its own with `-r 1`, so that the two engines alternate and a neighbour's
/// burst meets both. llama-bench warms up before it measures, as it always does; its time is its own. Energy is the mean
/// power of the whole process, loading and warm-up included, over the time of the test.
public final class LlamaBenchPeer {
  /// One process's figures.
  public struct Sample: Sendable {
    public let seconds: Double
    public let tokens: Int
    public let energy: EnergySample
  }

  public let executable: String
  /// By test, in the order of the repetitions.
  public private(set) var samples: [TestCase: [Sample]] = [:]
  public private(set) var version: String?
  public private(set) var backends: String?
  /// The first thing that went wrong; nothing is measured after it.
  public private(set) var failure: LlamaBenchError?
  public var meter: (any EnergyMeter)?

  private let model: String
  private let timeout: Double
  private let isCancelled: () -> Bool
  private let counters = SystemCounters()
  private let clock = SystemClock()

  /// - Parameters:
  ///   - executable: A path, or a name to look for in PATH.
  ///   - model: The GGUF file, the first one of several.
  ///   - timeout: Seconds that one repetition may take, loading included.
  /// - Throws: `LlamaBenchError` where there is no such program.
  public init(
    executable: String, model: String, timeout: Double, isCancelled: @escaping () -> Bool
  ) throws(LlamaBenchError) {
    self.executable = try Self.resolve(executable)
    self.model = model
    self.timeout = timeout
    self.isCancelled = isCancelled
  }

  /// llama-bench decodes one sequence at a time.
  public static func covers(_ test: TestCase) -> Bool { test.batch == 1 }

  /// One repetition; does nothing for a test it does not cover, and nothing after a failure.
  public func measure(_ test: TestCase) {
    guard failure == nil, Self.covers(test) else { return }
    do throws(LlamaBenchError) {
      samples[test, default: []].append(try repetition(test))
    } catch {
      failure = error
    }
  }

  private func repetition(_ test: TestCase) throws(LlamaBenchError) -> Sample {
    let before = counters.snapshot()
    meter?.begin()
    let start = clock.now()
    let result = Result { () throws(LlamaBenchError) in try process(test).bytes() }
    let wall = clock.now() - start
    let disturbance = Disturbance(from: before, to: counters.snapshot())
    let whole = meter?.end(
      EnergyWindow(
        seconds: wall, utilisation: disturbance.utilisation,
        ownUtilisation: disturbance.ownUtilisation))
    let found = try parse(result.get())
    try check(found, test)
    guard found.seconds <= wall else {
      throw LlamaBenchError(executable, .impossibleTime(found.seconds, wall: wall))
    }
    version = version ?? found.version
    backends = backends ?? found.backends
    return Sample(
      seconds: found.seconds, tokens: test.tokens,
      energy: (whole ?? .notMeasured()).share(found.seconds, of: wall))
  }

  private func parse(_ output: [UInt8]) throws(LlamaBenchError) -> LlamaBenchRepetition {
    do throws(DataError) {
      return try LlamaBenchRepetition(parsing: output, file: executable)
    } catch {
      throw LlamaBenchError(executable, .garbage("\(error.path) \(error.rule)"))
    }
  }

  private func process(_ test: TestCase) -> ProcessOutput {
    var arguments = [
      "-m", model, "-p", "\(test.promptTokens)", "-n", "\(test.generatedTokens)", "-t",
      "\(test.threads)", "-r", "1", "-o", "jsonl",
    ]
    // Older builds do not know the flag.
    if test.depth > 0 { arguments += ["-d", "\(test.depth)"] }
    return ProcessOutput(
      path: executable, arguments: arguments, timeout: timeout,
      outputLimit: LlamaBenchRepetition.outputLimit, isCancelled: isCancelled)
  }

  private func check(
    _ found: LlamaBenchRepetition, _ test: TestCase
  ) throws(LlamaBenchError) {
    guard found.promptTokens == test.promptTokens, found.generatedTokens == test.generatedTokens,
      found.depth == test.depth, (found.threads ?? test.threads) == test.threads
    else {
      let threads = found.threads.map { ", \($0) threads" } ?? ""
      throw LlamaBenchError(
        executable,
        .otherTest(
          "pp\(found.promptTokens) tg\(found.generatedTokens) @ d\(found.depth)\(threads)"))
    }
  }

  private static func resolve(_ name: String) throws(LlamaBenchError) -> String {
    if name.contains("/") {
      guard access(name, F_OK) == 0 else { throw LlamaBenchError(name, .noSuchFile) }
      var status = stat()
      guard access(name, X_OK) == 0, stat(name, &status) == 0, status.st_mode & S_IFMT == S_IFREG
      else { throw LlamaBenchError(name, .notExecutable) }
      return name
    }
    let folders = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
    for folder in folders where access("\(folder)/\(name)", X_OK) == 0 {
      return "\(folder)/\(name)"
    }
    throw LlamaBenchError(name, .noSuchFile)
  }
}

extension EnergySample {
  /// The part of a window's energy that falls to `seconds` of it, at its mean power.
  func share(_ seconds: Double, of window: Double) -> EnergySample {
    guard let joules = joules.value, window > 0 else { return self }
    let part = min(1, seconds / window)
    return EnergySample(
      source: "\(source): mean power of the whole process, over the time of the test",
      provenance: provenance == .given ? .given : .estimated, joules: joules * part,
      low: (low ?? joules) * part, high: (high ?? joules) * part)
  }
}
