// What an experiment says: a difference within the noise is never read as one.

import Measurement
import Reports
import Testing

/// Takes the seconds it is told to, the last for ever.
final class FixedWorkload: Workload {
  private var seconds: [Double]

  init(_ seconds: [Double]) { self.seconds = seconds }

  func prepare(_ test: TestCase) throws(Never) {}

  func run(_ test: TestCase) throws(Never) -> Repetition {
    Repetition(
      tokens: test.tokens, seconds: seconds.count > 1 ? seconds.removeFirst() : seconds[0])
  }
}

@Suite struct SweepReadingTests {
  /// Decode at about this rate, a repetition a factor.
  private func point(
    _ name: String, _ value: Double, _ rate: Double, spread: [Double]
  ) throws -> SweepReport.Point {
    let plan = Plan(
      promptTokens: [0], generatedTokens: [10], threads: [1], repetitions: spread.count,
      warmUp: .fixed(0))
    var run = try TinyRun.report()
    run.tests = try Runner(
      workload: FixedWorkload(spread.map { 10 / (rate * $0) }), plan: plan
    ).run().results
    return SweepReport.Point(
      name: name, value: value, run: run, touchedParametersPerStep: nil, mixture: (8, 2))
  }

  private func reading(
    _ kind: SweepKind, _ rates: [Double], spread: [Double]
  ) throws -> String {
    let points = try rates.enumerated().map { index, rate in
      try point("form \(index + 1)", Double(index + 1), rate, spread: spread)
    }
    return SweepReport(
      kind: kind, seconds: 1, points: points, status: .complete, warnings: []
    ).reading.joined(separator: " ")
  }

  private let quiet = [1, 1.001, 0.999, 1, 1]
  private let noisy = [1, 1.5, 0.6, 1.2, 0.8]

  @Test(
    "speeds whose intervals meet are said to be within the noise, and nothing follows from them",
    arguments: SweepKind.allCases.filter { $0 != .dense })
  func noise(_ kind: SweepKind) throws {
    let text = try reading(kind, [100, 110], spread: noisy)
    #expect(text.contains("noise"), "\(text)")
    for claim in ["Each expert more", "the less a step reads", "Quality is not", "go from"] {
      #expect(!text.contains(claim), "\(text)")
    }
  }

  @Test("speeds that differ beyond the noise are read")
  func difference() throws {
    let steps = try reading(.topK, [100, 50], spread: quiet)
    #expect(steps.contains("Each expert more costs 10.0"), "\(steps)")
    #expect(!steps.contains("noise"))
    let routing = try reading(.routing, [100, 50], spread: quiet)
    #expect(routing.contains("form 2 0.500 times") && routing.contains("the less a step reads"))
    let format = try reading(.format, [100, 50, 100.01], spread: quiet)
    #expect(format.contains("form 1, form 3 decode fastest"), "\(format)")
    #expect(try reading(.format, [100, 50], spread: quiet).contains("form 1 decodes fastest"))
  }

  @Test("an expert more is never said to cost less than nothing")
  func faster() throws {
    #expect(try !reading(.topK, [50, 100], spread: quiet).contains("Each expert more"))
  }
}
