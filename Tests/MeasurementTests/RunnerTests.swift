// The runner on a workload with a clock of its own: order, warm-up, failures, interruption.

import Measurement
import Synchronization
import Testing

/// A clock that only moves when told.
private final class FakeClock: MonotonicClock {
  private let time = Mutex(0.0)
  func now() -> Double { time.withLock { $0 } }
  func advance(_ seconds: Double) { time.withLock { $0 += seconds } }
}

private struct Refused: Error, Equatable {}

/// Takes the next duration of its list, then the last one for ever.
private final class FakeWorkload: Workload {
  let clock: FakeClock
  var durations: [Double]
  var log: [String] = []
  var failing: String?
  var afterRun: (Int) -> Void = { _ in }

  init(clock: FakeClock, durations: [Double]) {
    self.clock = clock
    self.durations = durations
  }

  func prepare(_ test: TestCase) throws(Refused) { clock.advance(100) }

  func run(_ test: TestCase) throws(Refused) -> Repetition {
    if test.label == failing { throw Refused() }
    clock.advance(durations.count > 1 ? durations.removeFirst() : durations[0])
    log.append(test.label)
    afterRun(log.count)
    return Repetition(tokens: test.tokens, distinctExperts: 8)
  }
}

@Suite struct RunnerTests {
  /// The fake preparation takes 100 s, which must not end the warm-up.
  let patient = WarmUpRule(maximumSeconds: 10_000)
  let plan = Plan(promptTokens: [512], generatedTokens: [128], threads: [2], repetitions: 3)

  @Test("every repetition is kept, timed without its preparation, in rounds over the tests")
  func complete() throws {
    let clock = FakeClock()
    let workload = FakeWorkload(clock: clock, durations: [2])
    var left: [Double?] = []
    let outcome = try Runner(
      workload: workload, plan: plan, warmUpRule: patient, clock: clock,
      progress: { left.append($0.secondsLeft) }
    ).run()
    #expect(outcome.status == .complete && outcome.doneSamples == 6)
    #expect(outcome.results.map(\.warmUp.count) == [2, 2])
    #expect(outcome.results.allSatisfy { $0.warmUpWasStable == true })
    for result in outcome.results {
      #expect(result.samples.map(\.seconds).allSatisfy { abs($0 - 2) < 1e-9 })
      #expect(result.samples.map(\.repetition) == [0, 1, 2])
    }
    #expect(abs((outcome.results[0].summary()?.median ?? 0) - 256) < 1e-6)
    for round in 0..<3 {
      #expect(Set(workload.log[(4 + 2 * round)..<(6 + 2 * round)]) == ["pp512", "tg128"])
    }
    #expect(left.first == .some(nil))
    #expect(left.compactMap(\.self).last.map { abs($0 - 102) < 1e-6 } == true)
  }

  @Test("warm-up goes on until two rates in a row agree")
  func warmUp() throws {
    let clock = FakeClock()
    let workload = FakeWorkload(clock: clock, durations: [4, 3, 2.5, 2.4, 2.39, 2])
    var one = plan
    one.generatedTokens = [0]
    let outcome = try Runner(workload: workload, plan: one, warmUpRule: patient, clock: clock).run()
    #expect(outcome.results[0].warmUp.count == 5)
    #expect(outcome.results[0].warmUpWasStable == true)
  }

  @Test("a rate that never settles ends the warm-up with a warning")
  func unstable() throws {
    let clock = FakeClock()
    let durations = (0..<40).map { $0 % 2 == 0 ? 1.0 : 2.0 }
    var one = plan
    one.generatedTokens = [0]
    let outcome = try Runner(
      workload: FakeWorkload(clock: clock, durations: durations), plan: one,
      warmUpRule: WarmUpRule(maximumRuns: 6, maximumSeconds: 10_000), clock: clock
    ).run()
    #expect(outcome.results[0].warmUp.count == 6)
    #expect(
      RunWarning.detect(in: outcome).contains(.unstableWarmUp(label: "pp512", runs: 6)))
  }

  @Test("an interruption keeps what was finished and says how much")
  func interrupted() throws {
    let clock = FakeClock()
    let cancellation = Cancellation()
    let workload = FakeWorkload(clock: clock, durations: [2])
    workload.afterRun = { if $0 == 7 { cancellation.cancel() } }
    let outcome = try Runner(
      workload: workload, plan: plan, warmUpRule: patient, clock: clock,
      cancellation: cancellation
    ).run()
    #expect(outcome.status == .interrupted)
    #expect(outcome.doneSamples == 3 && outcome.plannedSamples == 6)
    #expect(RunWarning.detect(in: outcome).first?.message == "interrupted, 3 of 6 repetitions")
  }

  @Test("a test that fails is reported and the others go on")
  func failure() throws {
    let clock = FakeClock()
    let workload = FakeWorkload(clock: clock, durations: [2])
    workload.failing = "tg128"
    let outcome = try Runner(workload: workload, plan: plan, clock: clock).run()
    #expect(outcome.failures.map(\.test.label) == ["tg128"])
    #expect(outcome.failures.map(\.error) == [Refused()])
    #expect(outcome.results[0].samples.count == 3 && outcome.results[1].samples.isEmpty)
    #expect(outcome.status == .complete)
  }

  @Test("no time passing is not measurable, never an infinite rate")
  func instant() throws {
    let clock = FakeClock()
    let outcome = try Runner(
      workload: FakeWorkload(clock: clock, durations: [0]), plan: plan, clock: clock
    ).run()
    #expect(outcome.results[0].summary() == nil)
    #expect(RunWarning.detect(in: outcome).map(\.code).contains("not_measurable"))
  }

  @Test("the order depends on the seed alone and visits every test once a round")
  func schedule() {
    let a = Schedule.interleaved(tests: 5, repetitions: 4, seed: 3)
    #expect(a == Schedule.interleaved(tests: 5, repetitions: 4, seed: 3))
    #expect(a != Schedule.interleaved(tests: 5, repetitions: 4, seed: 4))
    for round in 0..<4 {
      #expect(Set(a[(round * 5)..<(round * 5 + 5)].map(\.test)) == Set(0..<5))
    }
  }
}
