// Keeps a machine's measured limits between runs: one small file a machine, build and thread count.

import Analysis
import Inference
import Measurement
import Reports
import StrictJSON
import Targets

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Limits under `$XDG_CACHE_HOME/moebench` (`~/.cache/moebench`).
struct LimitsCache {
  private let folder: String?
  private let key: String

  private static let limit = 4 << 20

  init(_ environment: Environment, threads: Int) {
    folder = UserFolder.cache.path(ProcessInfo.processInfo.environment)
    key = "limits-\(Self.identity(environment))-t\(threads).json"
  }

  /// What was kept, and its age in seconds; nil where nothing was, where it lacks a format or other kernels measured it,
  /// or where it cannot be used, which is said.
  func load(formats: [WeightFormat]) throws -> (limits: MachineLimits, age: Double)? {
    guard let kept = load(), kept.limits.instructionSet == (try Kernels().name) else { return nil }
    let timed = Set(kept.limits.products.map(\.format))
    return formats.allSatisfy { timed.contains($0.rawValue) } ? kept : nil
  }

  private func load() -> (limits: MachineLimits, age: Double)? {
    do {
      return try kept()
    } catch {
      Output.error("moebench: the kept limits are measured again: \(error)\n")
      return nil
    }
  }

  private func kept() throws -> (limits: MachineLimits, age: Double)? {
    guard let path, FileManager.default.fileExists(atPath: path) else { return nil }
    return try Self.read(path)
  }

  private static func age(_ limits: MachineLimits, _ file: String) throws -> Double {
    guard let date = try? Date(limits.measuredAt, strategy: .iso8601) else {
      throw Failure(.badData, "\(file): measured_at is no time")
    }
    return max(0, Date().timeIntervalSince(date))
  }

  /// Limits from a file that the user names, and their age in seconds.
  static func read(_ path: String) throws -> (limits: MachineLimits, age: Double) {
    let limits = try MachineLimits(
      parsing: ResultFile.bytes(path, limit: limit), file: ResultFile.name(path))
    return (limits, try age(limits, ResultFile.name(path)))
  }

  /// Keeps the limits, and of earlier ones the formats that these lack, unless the machine was busy; that it cannot is no
  /// reason to fail, and is said.
  func store(_ limits: MachineLimits) {
    if let reason = limits.disturbed {
      return Output.error("moebench: limits are not kept: \(reason)\n")
    }
    var limits = limits
    // A file that cannot be read is written over; why it could not was said on loading.
    if let kept = try? kept()?.limits, kept.instructionSet == limits.instructionSet {
      limits.add(formatsOf: kept)
    }
    guard let folder, let path else {
      return Output.error("moebench: neither XDG_CACHE_HOME nor HOME is set: limits are not kept\n")
    }
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try AtomicFile.write(path, Array(limits.document.text(pretty: true).utf8))
    } catch {
      Output.error("moebench: limits are not kept: \(error)\n")
    }
  }

  /// The kept limits, or freshly measured ones, which are then kept.
  static func current(
    _ environment: Environment, progress: Progress
  ) throws -> (limits: MachineLimits, age: Double?) {
    let threads = environment.usableThreads
    let cache = LimitsCache(environment, threads: threads)
    if let kept = try cache.load(formats: ProductTimes.formats) { return (kept.limits, kept.age) }
    let limits = try LimitsMeasurement(
      environment: environment, threads: threads, progress: progress
    ).measure()
    cache.store(limits)
    return (limits, nil)
  }

  private var path: String? { folder.map { "\($0)/\(key)" } }

  /// Fingerprint of what makes the machine (processor, cores, memory to the gigabyte) and of this build, whose kernels set
  /// most limits.
  private static func identity(_ environment: Environment) -> String {
    let cpu = environment.cpu
    let parts: [String] = [
      cpu.modelName.value ?? "", "\(cpu.family.value ?? 0)", "\(cpu.model.value ?? 0)",
      "\(cpu.stepping.value ?? 0)", "\(cpu.logicalCores.value ?? 0)",
      "\(environment.lastCacheBytes)", "\((environment.memory.total.value ?? 0) >> 30)",
      Tool.version, Tool.commit,
    ]
    let digits = String(Fingerprint.of(Array(parts.joined(separator: "|").utf8)), radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
