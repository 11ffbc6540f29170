// The part of an endpoint run that suspends: the server's models, then the load.

import Endpoint
import Measurement
import Reports

struct EndpointJob: Sendable {
  /// Without a model's name: the first that the server lists.
  var settings: EndpointSettings
  let plan: LoadPlan
  let prompts: PromptMaker
  let progress: Progress
  let watch: LevelWatch

  /// - Returns: What was seen, the model's name, and what to say of it.
  func run() async throws -> (LoadOutcome, String, [RunReport.Warning]) {
    var job = self
    var notes: [RunReport.Warning] = []
    if settings.model.isEmpty {
      progress.say("asking \(settings.address.host) for its models")
      let names = try await client { try await $0.models() }
      guard let first = names.first else { throw EndpointError.noModel }
      job.settings.model = first
      if names.count > 1 {
        let message =
          "the server lists \(names.count) models; the first was measured, --model names another"
        notes.append(.init(code: "first_model", message: message))
      }
    }
    return (try await job.measure(), job.settings.model, notes)
  }

  private func measure() async throws -> LoadOutcome {
    let observers = LoadGenerator.Observers(
      progress: { [progress] level, done, planned in
        progress.say("\(level.label): \(done) of \(planned) requests")
      }, levelBegins: { [watch] in watch.begin() },
      levelEnds: { [watch] level, seconds in watch.end(&level, seconds) })
    Interruption.keepsResults()
    return try await client { client in
      try await LoadGenerator(
        client, plan: plan, prompts: prompts, observers: observers,
        isCancelled: { Interruption.cancellation.isCancelled }
      ).run()
    }
  }

  /// Lends a client and shuts it down after.
  private func client<Value: Sendable>(
    _ body: (EndpointClient) async throws -> Value
  ) async throws -> Value {
    let client = EndpointClient(settings)
    let result: Result<Value, any Error>
    do { result = .success(try await body(client)) } catch { result = .failure(error) }
    await client.shutdown()
    return try result.get()
  }
}
