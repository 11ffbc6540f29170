// Runs a plan's tests on a workload: warm-up, then interleaved repetitions, every sample kept.

/// Measures any workload; knows no engine.
public struct Runner<Work: Workload> {
  private let workload: Work
  private let plan: Plan
  private let tests: [TestCase]
  private let warmUpRule: WarmUpRule
  private let meter: (any EnergyMeter)?
  private let clock: any MonotonicClock
  private let counters: any CounterSource
  private let cancellation: Cancellation
  private let progress: (RunProgress) -> Void

  /// - Parameter progress: Called on the running thread, between repetitions.
  /// - Throws: `PlanError` where the plan does not expand to tests.
  public init(
    workload: Work, plan: Plan, meter: (any EnergyMeter)? = nil,
    warmUpRule: WarmUpRule = WarmUpRule(), clock: any MonotonicClock = SystemClock(),
    counters: any CounterSource = SystemCounters(), cancellation: Cancellation = Cancellation(),
    progress: @escaping (RunProgress) -> Void = { _ in }
  ) throws(PlanError) {
    self.workload = workload
    self.plan = plan
    tests = try plan.tests()
    self.warmUpRule = warmUpRule
    self.meter = meter
    self.clock = clock
    self.counters = counters
    self.cancellation = cancellation
    self.progress = progress
  }

  /// Runs to the end, or to the cancellation. A test that fails is left out and reported; the
  /// others go on.
  public func run() -> RunOutcome<Work.Failure> {
    let started = clock.now()
    let first = counters.snapshot()
    var state = State(
      outcome: RunOutcome(
        results: tests.map(TestResult.init),
        plannedSamples: tests.count * plan.repetitions, firstCounters: first,
        lastCounters: first), started: started)
    for index in tests.indices where !cancellation.isCancelled { warmUp(index, &state) }
    // What warming up costs in faults and first touches is not part of the run's disturbance.
    if !cancellation.isCancelled { state.outcome.firstCounters = counters.snapshot() }
    let steps = Schedule.interleaved(
      tests: tests.count, repetitions: plan.repetitions, seed: plan.seed)
    for step in steps where !cancellation.isCancelled && !state.failed.contains(step.test) {
      repetition(step, &state)
    }
    state.outcome.lastCounters = counters.snapshot()
    state.outcome.seconds = clock.now() - started
    let unfinished = state.outcome.results.indices.contains {
      !state.failed.contains($0) && state.outcome.results[$0].samples.count < plan.repetitions
    }
    if cancellation.isCancelled && (unfinished || !state.failed.isEmpty) {
      state.outcome.status = .interrupted
    }
    return state.outcome
  }

  private struct State {
    var outcome: RunOutcome<Work.Failure>
    let started: Double
    var failed: Set<Int> = []
    var estimate = TimeEstimate()
  }

  private func warmUp(_ index: Int, _ state: inout State) {
    let began = clock.now()
    var rates: [Double] = []
    while !cancellation.isCancelled {
      let run = rates.count
      switch plan.warmUp {
      case .fixed(let count): if run >= count { return }
      case .automatic:
        let decision = warmUpRule.decide(rates: rates, elapsed: clock.now() - began)
        if case .done(let stable) = decision {
          state.outcome.results[index].warmUpWasStable = stable
          return
        }
      }
      report(index, .warmUp(run: run), state)
      guard let sample = measure(index, repetition: run, &state) else { return }
      state.outcome.results[index].warmUp.append(sample)
      rates.append(sample.tokensPerSecond ?? 0)
    }
  }

  private func repetition(_ step: Schedule.Step, _ state: inout State) {
    report(step.test, .repetition(step.repetition, of: plan.repetitions), state)
    guard let sample = measure(step.test, repetition: step.repetition, &state) else { return }
    state.outcome.results[step.test].samples.append(sample)
  }

  /// One run with counters and meter around it; `nil` where the workload failed.
  private func measure(_ index: Int, repetition: Int, _ state: inout State) -> Sample? {
    let test = tests[index]
    let prepared = clock.now()
    do throws(Work.Failure) {
      try workload.prepare(test)
      let before = counters.snapshot()
      meter?.begin()
      let start = clock.now()
      let work = try workload.run(test)
      let wall = clock.now() - start
      let energy = close(before: before, seconds: wall)
      state.estimate.record(test, seconds: clock.now() - prepared)
      return Sample(
        repetition: repetition, startOffset: start - state.started, seconds: work.seconds ?? wall,
        tokens: work.tokens, energy: energy.sample, disturbance: energy.disturbance, work: work)
    } catch {
      // An engine that stops at the cancellation has not failed.
      if !cancellation.isCancelled {
        state.failed.insert(index)
        state.outcome.failures.append((test, error))
      }
      return nil
    }
  }

  private func close(
    before: CounterSnapshot, seconds: Double
  ) -> (sample: EnergySample, disturbance: Disturbance) {
    let disturbance = Disturbance(from: before, to: counters.snapshot())
    let window = EnergyWindow(
      seconds: seconds, utilisation: disturbance.utilisation,
      ownUtilisation: disturbance.ownUtilisation)
    return (meter?.end(window) ?? .notMeasured(), disturbance)
  }

  private func report(_ index: Int, _ stage: RunProgress.Stage, _ state: State) {
    var remaining: [TestCase: Int] = [:]
    for (other, result) in state.outcome.results.enumerated() where !state.failed.contains(other) {
      remaining[result.test, default: 0] += plan.repetitions - result.samples.count
    }
    progress(
      RunProgress(
        test: tests[index], stage: stage, done: state.outcome.doneSamples,
        planned: state.outcome.plannedSamples,
        secondsLeft: state.estimate.seconds(remaining: remaining)))
  }
}
