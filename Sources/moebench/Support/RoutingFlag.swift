// `--routing`: how tokens fall on the experts of synthetic weights.

import Inference
import StrictJSON
import Targets

enum RoutingFlag {
  /// - Throws: `Failure` (64) for an unknown kind, `CheckpointError` or `RoutingTraceError` for a trace that cannot be
  ///   read.
  static func distribution(_ text: String) throws -> RoutingDistribution {
    if text == "uniform" { return .uniform }
    if text == "single" { return .single }
    if text.hasPrefix("zipf:"), let exponent = Double(text.dropFirst(5)), exponent.isFinite,
      exponent >= 0, exponent <= 10
    {
      return .zipf(exponent: exponent)
    }
    if text.hasPrefix("trace:") { return .trace(try trace(String(text.dropFirst(6)))) }
    throw Failure(
      .usage,
      "--routing \(text.prefix(60)): must be uniform, zipf:S with S from 0 to 10, single or trace:FILE"
    )
  }

  static func trace(_ path: String) throws -> RoutingTrace {
    try RoutingTrace(
      parsing: ResultFile.bytes(path, limit: RoutingTrace.limits.bytes),
      file: ResultFile.name(path))
  }

  /// Runs the text once more, untimed, and writes what the routers chose: whole or not at all.
  static func record(
    _ engine: BuiltInEngine, _ source: ModelSource, _ text: RunText, to path: String
  ) throws {
    let recorded = try source.naming {
      try engine.recordRouting(model: source.name, tokensFrom: text.origin)
    }
    guard let recorded else {
      throw Failure(.usage, "--record-routing: \(source.name) has no routed experts")
    }
    try AtomicFile.write(path, Array(recorded.json.text().utf8))
  }
}
