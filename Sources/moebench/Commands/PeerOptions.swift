// --engine llama-bench: the user's own build of it, in turn with the built-in engine.

import Analysis
import ArgumentParser
import CostModel
import Measurement
import Reports
import Targets

enum EngineChoice: String, ExpressibleByArgument, CaseIterable {
  case builtin
  case llamaBench = "llama-bench"
}

struct PeerOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "builtin, or llama-bench: the user's own llama-bench in turn with the built-in engine.",
      valueName: "engine"))
  var engine = EngineChoice.builtin

  @Option(
    help: ArgumentHelp("The llama-bench program (default: from PATH).", valueName: "path"))
  var llamaBench: String?

  @Option(help: ArgumentHelp("Seconds one of its repetitions may take.", valueName: "seconds"))
  var llamaBenchTimeout = 600.0

  /// - Throws: `Failure` for a model llama-bench cannot read, `LlamaBenchError` where there is no such program.
  func peer(model: String) throws -> LlamaBenchPeer? {
    guard engine == .llamaBench else {
      if llamaBench != nil {
        throw Failure(.usage, "--llama-bench: needs --engine llama-bench")
      }
      return nil
    }
    guard model.lowercased().hasSuffix(".gguf") else {
      throw Failure(.usage, "--engine llama-bench: the model must be a .gguf file, which both read")
    }
    guard llamaBenchTimeout.isFinite, (1...86400).contains(llamaBenchTimeout) else {
      throw Failure(.usage, "--llama-bench-timeout \(llamaBenchTimeout): must be from 1 to 86400")
    }
    return try LlamaBenchPeer(
      executable: llamaBench ?? "llama-bench", model: model, timeout: llamaBenchTimeout,
      isCancelled: { Interruption.cancellation.isCancelled })
  }
}

extension LlamaBenchPeer {
  /// What was measured, priced on the same assumptions.
  func report(_ results: [TestResult], basis: CostBasis, mix: TokenMix) throws -> PeerReport {
    let tests = results.compactMap { result -> PeerReport.Test? in
      guard let found = samples[result.test] else { return nil }
      return PeerReport.Test(
        test: result.test,
        samples: found.map { .init(seconds: $0.seconds, tokens: $0.tokens, energy: $0.energy) },
        own: result.tokensPerSecond)
    }
    return PeerReport(
      name: "llama-bench", version: version, backends: backends, tests: tests,
      cost: try RunCost(tests.map(\.measurement), basis: basis, mix: mix))
  }

  func warnings(_ results: [TestResult], tokensFrom origin: String) -> [RunReport.Warning] {
    var warnings: [RunReport.Warning] = []
    if let failure, failure.rule != .interrupted {
      warnings.append(
        .init(code: "peer_failed", message: "llama-bench was given up: \(failure)"))
    }
    let left = results.map(\.test).filter { !Self.covers($0) }.map(\.label)
    if !left.isEmpty {
      warnings.append(
        .init(
          code: "peer_left_out",
          message:
            "llama-bench decodes one sequence at a time: without \(left.joined(separator: ", "))"))
    }
    if !origin.hasPrefix("random") {
      warnings.append(
        .init(
          code: "peer_tokens",
          message:
            "llama-bench feeds random tokens, the built-in engine a text's: their experts' load differs"
        ))
    }
    return warnings
  }
}
