// moebench decide: self-host this traffic on machines like this, or pay the API?

import Analysis
import ArgumentParser
import CostModel
import Measurement
import Models
import Reports

struct Decide: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Verdict for a traffic: self-host or API, with break-even and sensitivity.",
    discussion:
      """
      A MODEL is measured first, more briefly than moebench run does and of a large one a slice; a result (.json) is \
      used as it is.
      """)

  @Argument(help: "A model, as for moebench run, or a result in JSON.")
  var model = Run.defaultModel

  @Option(
    help: ArgumentHelp("Tokens over time: 5M/day, 100k/hour, 2B/month.", valueName: "traffic"))
  var traffic: String

  @Option(help: "Machines at hand.")
  var machines = 1

  @Option(help: "Share of the capacity that may be used on average, above 0 and at most 1.")
  var usableShare = 1.0

  @Option(
    help: ArgumentHelp(
      "A cheap model (here, or a priced one) and the share of requests it settles, as NAME:SHARE.",
      valueName: "cheap:share"))
  var cascade: String?

  @OptionGroup(title: "What to measure, for a model") var grid: BriefGridOptions
  @OptionGroup(title: "How the model is run") var engine: EngineOptions
  @OptionGroup(title: "What it costs") var cost: CostOptions
  @OptionGroup(title: "Where it goes") var output: DocumentOptions

  @Flag(help: "No progress on standard error.")
  var quiet = false

  @Flag(help: Keeping.help)
  var noHistory = false

  mutating func run() throws {
    let question = try question()
    let cascadeParts = try cascade.map(CascadeFlag.init)
    _ = try cost.settings()
    try output.probe()
    let pricing = try Pricing(cost.priceFiles)
    try cascadeParts?.check(question.workload, pricing)
    let (result, failure) = try storedResult(pricing)
    let priced = try pricing.cost(of: result, cost, mix: question.workload.mix)
    let quotes = try pricing.quotes(for: result)
    let advice = try Advice(
      question, cost: priced, quotes: quotes, scenarios: Scenario.builtIn)
    let report = AdviceReport(
      result, advice: advice,
      cascade: try cascadeParts?.resolve(advice: advice, pricing: pricing))
    try output.write(text: report.text, json: { report.json })
    if let status = Interruption.status { Failure.terminate(status) }
    if let failure { throw failure }
  }

  private func question() throws -> Question {
    var question = Question(
      workload: try TokenWorkload(flag: cost.workload ?? "chat"),
      traffic: try Traffic(parsing: traffic))
    guard machines >= 1 else { throw Failure(.usage, "--machines \(machines): must be at least 1") }
    guard usableShare > 0, usableShare <= 1 else {
      throw Failure(.usage, "--usable-share \(usableShare): must be above 0 and at most 1")
    }
    (question.machines, question.usableShare, question.seed) = (machines, usableShare, grid.seed)
    return question
  }

  /// The result named, or a fresh one of the model named and what failed of it.
  private func storedResult(_ pricing: Pricing) throws -> (StoredResult, (any Error)?) {
    if ResultFile.isResult(model) { return (try ResultFile.read(model), nil) }
    let environment = Environment.current()
    var session = RunSession(
      plan: try grid.plan(environment), environment: environment, settings: try cost.settings(),
      meters: try Metering(cost.meter, watts: cost.watts, environment),
      progress: Progress(quiet: quiet), pricing: pricing)
    let source = try ModelSource(model)
    var engine = engine
    // A slice of this size is made and measured in about a minute; a whole would take its own time.
    if engine.maxWeights == nil { engine.maxWeights = Self.briefGigabytes }
    Interruption.install()
    let result = try StoredResult(session.run(source, engine))
    Keeping.keep(result, unless: noHistory)
    return (result, session.failure)
  }

  private static let briefGigabytes = 3.0
}

/// As `GridOptions`, but brief: a verdict rarely turns on the third digit.
struct BriefGridOptions: ParsableArguments {
  @Option(
    name: [.customShort("p"), .long],
    help: ArgumentHelp("Prompt lengths to prefill.", valueName: "list"))
  var promptTokens = "256"

  @Option(
    name: [.customShort("n"), .long], help: ArgumentHelp("Tokens to decode.", valueName: "list"))
  var genTokens = "32"

  @Option(
    name: [.short, .long], help: ArgumentHelp("Tokens already in the cache.", valueName: "list"))
  var depth = "0"

  @Option(
    name: [.short, .long], help: ArgumentHelp("Sequences decoded together.", valueName: "list"))
  var batch = "1"

  @Option(
    name: [.short, .long],
    help: ArgumentHelp("Threads (default: physical cores).", valueName: "list"))
  var threads: String?

  @Option(name: [.short, .long], help: "Repetitions of each test.")
  var repetitions = 3

  @Option(help: "Untimed runs of each test before, or auto: until the rate is stable.")
  var warmup = "1"

  @Option(help: "Seed of synthetic weights, random tokens, the order of repetitions and the draws.")
  var seed: UInt64 = 1

  func plan(_ environment: Environment) throws -> Plan {
    try GridOptions.plan(
      promptTokens: promptTokens, genTokens: genTokens, depth: depth, batch: batch,
      threads: threads, repetitions: repetitions, warmup: warmup, seed: seed, environment)
  }
}

/// `--cascade NAME:SHARE`.
private struct CascadeFlag {
  let cheap: String
  let share: Double

  init(_ text: String) throws {
    guard let colon = text.lastIndex(of: ":"), colon != text.startIndex,
      let share = PlainDecimal.share(text[text.index(after: colon)...])
    else {
      throw Failure(.usage, "--cascade: must be NAME:SHARE, the share from 0 to 1 or in %")
    }
    cheap = String(text[..<colon])
    self.share = share
  }

  /// The dear model is the one the decision is against.
  func resolve(advice: Advice, pricing: Pricing) throws -> AdviceReport.Cascade {
    let dear = advice.primary.offer
    let dearPrice = (dear.name, dear.usdPerMillion.best)
    if cheap == "here" {
      return try AdviceReport.Cascade(here: advice, dear: dearPrice, cheapShare: share)
    }
    return try AdviceReport.Cascade(
      cheap: try price(advice, pricing), dear: dearPrice, cheapShare: share)
  }

  /// Refuses a name without a price before anything is measured.
  func check(_ workload: TokenWorkload, _ pricing: Pricing) throws {
    if cheap != "here" { _ = try offer(workload, pricing) }
  }

  private func price(_ advice: Advice, _ pricing: Pricing) throws -> (String, Double) {
    let offer = try offer(advice.question.workload, pricing)
    return (offer.name, offer.usdPerMillion.best)
  }

  private func offer(_ workload: TokenWorkload, _ pricing: Pricing) throws -> Offer {
    let (rows, _) = pricing.book.resolve(on: try Pricing.today())
    let wanted = cheap.lowercased()
    let named = rows.filter { row in
      [row.id, row.model, row.modelID].contains { $0.lowercased() == wanted }
        || row.catalogue.contains(wanted)
    }
    let offers = Offer.all(
      named.map { Quote(row: $0, sameModel: false) }, mix: workload.mix,
      inputTokensPerRequest: workload.inputTokensPerRequest, batch: workload.acceptsBatch)
    guard let offer = offers.first else {
      throw Failure(
        .usage,
        "--cascade: no price of \"\(cheap.prefix(60))\" is known; moebench prices lists them")
    }
    return offer
  }
}
