// Keeps a server under a level of load and collects what comes back.

import Measurement
import Synchronization

/// Runs a plan on one server.
public final class LoadGenerator: Sendable {
  /// Called around each level, outside of its timed part.
  public struct Observers: Sendable {
    public var progress: @Sendable (_ level: Arrivals, _ done: Int, _ planned: Int) -> Void
    public var levelBegins: @Sendable () -> Void
    public var levelEnds: @Sendable (inout LoadLevel, _ seconds: Double) -> Void

    public init(
      progress: @escaping @Sendable (Arrivals, Int, Int) -> Void = { _, _, _ in },
      levelBegins: @escaping @Sendable () -> Void = {},
      levelEnds: @escaping @Sendable (inout LoadLevel, Double) -> Void = { _, _ in }
    ) {
      self.progress = progress
      self.levelBegins = levelBegins
      self.levelEnds = levelEnds
    }
  }

  let client: EndpointClient
  let plan: LoadPlan
  let observers: Observers
  private let prompts: Mutex<PromptMaker>
  private let isCancelled: @Sendable () -> Bool
  private let anySuccess = Atomic<Bool>(false)

  public init(
    _ client: EndpointClient, plan: LoadPlan, prompts: PromptMaker,
    observers: Observers = Observers(), isCancelled: @escaping @Sendable () -> Bool = { false }
  ) {
    self.client = client
    self.plan = plan
    self.prompts = Mutex(prompts)
    self.observers = observers
    self.isCancelled = isCancelled
  }

  /// - Throws: `EndpointError` where the server refuses what every request asks.
  public func run() async throws(EndpointError) -> LoadOutcome {
    let watcher = Task { [client, isCancelled] in
      while !Task.isCancelled && !isCancelled() {
        try? await Task.sleep(for: .milliseconds(50))
      }
      if isCancelled() { client.stop() }
    }
    defer { watcher.cancel() }
    var outcome = LoadOutcome()
    var firstPrompt = 0
    for arrivals in plan.levels {
      for repeats in plan.repeatsPrompts ? [false, true] : [false] {
        guard !isCancelled(), outcome.stopped == nil else { break }
        let level = try await level(arrivals, repeats, firstPrompt: firstPrompt)
        outcome.levels.append(level)
        outcome.stopped = level.stopped
      }
      firstPrompt += plan.requests * 4 + 64
    }
    outcome.isInterrupted = isCancelled()
    return outcome
  }

  private func level(
    _ arrivals: Arrivals, _ repeats: Bool, firstPrompt: Int
  ) async throws(EndpointError) -> LoadLevel {
    let warm = Stage(
      planned: plan.warmUp(arrivals), extra: 0, isMeasured: false,
      firstPrompt: firstPrompt + plan.requests * 3)
    // Repeated prompts need no other warm-up than the first time they were sent.
    if !repeats { try await run(warm, .concurrent(Self.together(arrivals))) }
    calibrate(warm.requests)
    observers.levelBegins()
    let began = client.clock.now()
    let stage = Stage(
      planned: warm.stopped == nil ? plan.requests : 0,
      extra: plan.coolsDown && arrivals != .concurrent(1) ? plan.requests : 0, isMeasured: true,
      firstPrompt: firstPrompt)
    try await run(stage, arrivals)
    var level = LoadLevel(
      arrivals: arrivals, repeatsPrompts: repeats, planned: plan.requests,
      requests: (warm.requests + stage.requests).sorted { $0.sentAt < $1.sentAt },
      stopped: warm.stopped ?? stage.stopped)
    observers.levelEnds(&level, client.clock.now() - began)
    return level
  }

  private static func together(_ arrivals: Arrivals) -> Int {
    if case .concurrent(let count) = arrivals { count } else { 1 }
  }

  private func calibrate(_ requests: [ServedRequest]) {
    guard let counted = requests.first(where: { $0.promptTokens != nil && $0.promptBytes > 0 })
    else { return }
    prompts.withLock {
      $0.calibrate(bytes: counted.promptBytes, tokens: counted.promptTokens ?? 0)
    }
  }

  private func run(_ stage: Stage, _ arrivals: Arrivals) async throws(EndpointError) {
    if let times = ArrivalTimes(arrivals, seed: plan.seed) {
      await runOpen(stage, times, arrivals)
    } else {
      await runClosed(stage, Self.together(arrivals), arrivals)
    }
    if let error = stage.error { throw error }
  }

  /// A fixed number of workers, each with one request in flight.
  private func runClosed(_ stage: Stage, _ workers: Int, _ arrivals: Arrivals) async {
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<workers {
        group.addTask {
          while let ticket = stage.take() { await self.send(ticket, stage, arrivals) }
        }
      }
    }
  }

  /// Requests at their times, whether or not earlier ones have been answered.
  private func runOpen(_ stage: Stage, _ times: ArrivalTimes, _ arrivals: Arrivals) async {
    let began = client.clock.now()
    await withTaskGroup(of: Void.self) { group in
      for time in times {
        guard
          await client.sleep(max(0, began + time - client.clock.now()), isWanted: { stage.isOpen }),
          let ticket = stage.take()
        else { break }
        group.addTask { await self.send(ticket, stage, arrivals) }
      }
    }
  }

  private func send(_ ticket: Stage.Ticket, _ stage: Stage, _ arrivals: Arrivals) async {
    let prompt = prompts.withLock { $0.prompt(ticket.number) }
    do throws(EndpointError) {
      guard var request = try await client.send(prompt, isWanted: { stage.isOpen })
      else {
        // Cut off: by the user, or as part of the cool-down.
        return stage.leave(ticket)
      }
      request.isMeasured = ticket.isMeasured
      request.promptBytes = prompt.text.utf8.count
      if request.succeeded { anySuccess.store(true, ordering: .relaxed) }
      let isOver = stage.put(request, ticket, nothingWorked: !anySuccess.load(ordering: .relaxed))
      if ticket.isMeasured { observers.progress(arrivals, stage.done, stage.planned) }
      if isOver { client.cancelAll() }
    } catch {
      stage.fail(error)
      client.cancelAll()
    }
  }
}
