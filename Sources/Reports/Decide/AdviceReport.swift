// The verdict on self-hosting as values and words: what `moebench decide` prints.

import Analysis
import CostModel
import Models

/// Advice about one result, with the optional mix of a cheap and a dear model.
public struct AdviceReport: Sendable {
  public static let schema = "moebench.decision/1"

  /// A cheap model that settles a share of the requests, and the dear one for the rest.
  public struct Cascade: Sendable {
    public let cheapName: String
    public let dearName: String
    public let cheapShare: Double
    /// Of the share that a router sends to the cheap model.
    public let cheapUsdPerMillion: Double
    /// Of all requests, which a cascade gives to the cheap model first. A machine's own price falls
    /// with its use; an API's is the same.
    public let cheapUsdPerMillionOfAll: Double
    public let dearUsdPerMillion: Double
    public let router: RoutedCost
    public let cascade: RoutedCost

    /// - Parameter cheapUsdPerMillionOfAll: Where it differs from the share's.
    /// - Throws: `CostError` for a share outside 0...1 or a price that is none.
    public init(
      cheap: (name: String, usdPerMillion: Double), dear: (name: String, usdPerMillion: Double),
      cheapShare: Double, cheapUsdPerMillionOfAll: Double? = nil
    ) throws(CostError) {
      (cheapName, cheapUsdPerMillion) = cheap
      let ofAll = cheapUsdPerMillionOfAll ?? cheap.usdPerMillion
      self.cheapUsdPerMillionOfAll = ofAll
      (dearName, dearUsdPerMillion) = dear
      self.cheapShare = cheapShare
      func cost(_ mode: RoutingMode) throws(CostError) -> RoutedCost {
        try RoutedCost(
          mode: mode, cheapShare: cheapShare,
          cheapUsdPerMillion: mode == .router ? cheap.usdPerMillion : ofAll,
          dearUsdPerMillion: dear.usdPerMillion)
      }
      router = try cost(.router)
      cascade = try cost(.cascade)
    }

    /// This machine as the cheap model: it is paid for whole, so a token of a router's share costs
    /// more than one of all the traffic.
    public init(
      here advice: Advice, dear: (name: String, usdPerMillion: Double), cheapShare: Double
    ) throws(CostError) {
      let ofAll = advice.primary.decision.selfHostUsdPerMillion.best
      let ofShare =
        cheapShare > 0
        ? try advice.decision(forShare: cheapShare).selfHostUsdPerMillion.best : ofAll
      try self.init(
        cheap: ("this machine", ofShare), dear: dear, cheapShare: cheapShare,
        cheapUsdPerMillionOfAll: ofAll)
    }
  }

  public let result: StoredResult
  public let advice: Advice
  public let cascade: Cascade?

  public init(_ result: StoredResult, advice: Advice, cascade: Cascade? = nil) {
    self.result = result
    self.advice = advice
    self.cascade = cascade
  }

  var decision: Decision { advice.primary.decision }
  var price: PriceRow { advice.primary.offer.row }
}

extension AdviceReport {
  /// The verdict in a few words.
  public var headline: String {
    switch decision.verdict {
    case .selfHost: "Self-host"
    case .api: decision.breakEven.exists ? "Pay the API" : "Pay the API: no break-even exists"
    case .cannotServe: "This machine cannot serve it"
    case .neverBreaksEven: "Pay the API: no break-even exists"
    }
  }

  /// The verdict as sentences, without the headline.
  public var sentences: [String] {
    var text = [comparison, cluster, capacity, breakEven, payback, surety].compactMap { $0 }
    if !advice.primary.offer.sameModel {
      text.append("No API price of \(result.model.name) is known; this is another model's.")
    }
    if advice.primary.offer.assumesNoCacheDiscount {
      text.append(
        "\(advice.primary.offer.row.provider) publishes no price of cached input: it is priced as any input."
      )
    }
    if advice.cost.basis.assumesHardware {
      text.append(
        "What the machine costs is assumed: --hardware-cost or --rental gives the real figure.")
    }
    return text
  }

  private var offerName: String { advice.primary.offer.name }

  private var comparison: String {
    let own = decision.selfHostUsdPerMonth
    return
      "\(Number.short(own.best)) $ a month here "
      + "(\(Number.short(own.low)) to \(Number.short(own.high))) on \(machineCount), "
      + "\(Number.short(decision.apiUsdPerMonth.best)) $ for \(offerName): "
      + "\(Number.short(decision.ratio.low)) to \(Number.short(decision.ratio.high)) times the API's price."
  }

  private var machineCount: String {
    guard let count = decision.machinesNeeded else { return "more machines than can be counted" }
    return count == 1 ? "one machine" : "\(count) machines"
  }

  private var cluster: String? {
    guard result.nodes > 1 else { return nil }
    return "One machine stands for the \(result.nodes) nodes that were measured together."
  }

  private var capacity: String? {
    let capacity = Number.count(decision.capacityMillionTokensPerMonth.best * 1e6)
    let wanted = Number.count(advice.question.traffic.millionTokensPerMonth * 1e6)
    guard let needed = decision.machinesNeeded, needed <= advice.question.machines else {
      return
        "At hand: \(advice.question.machines), needed: \(decision.machinesNeeded.map(String.init) ?? "uncountably many"). "
        + "One machine makes at most \(capacity) tokens a month of this workload; \(wanted) are wanted."
    }
    return
      "The traffic uses \(Number.percent(decision.utilisation)) of what \(machineCount) can do."
  }

  private var breakEven: String {
    switch decision.breakEven.best {
    case .at(let millions, let share):
      "Break-even at \(Number.count(millions * 1e6)) tokens a month, \(Number.percent(share)) of one machine's capacity."
    case .beyondCapacity(let millions, let capacity):
      "No break-even exists: \(BreakEvenRange.beyond(millions, capacity))."
    case .never(let marginal, let api):
      "No break-even exists: the electricity of a million tokens costs \(Number.short(marginal)) $, the API takes \(Number.short(api)) $."
    }
  }

  private var payback: String? {
    switch decision.payback {
    case .months(let months):
      "The purchase pays back in \(Number.short(months)) months\(outlives(months))."
    case .never: "The purchase never pays back: nothing is saved at this traffic."
    case .notApplicable: nil
    }
  }

  /// Said where the machine is thought to be gone before it has paid for itself.
  private func outlives(_ months: Double) -> String {
    guard case .bought(let purchase) = advice.cost.basis.assumptions.ownership,
      months > 12 * purchase.lifeYears.best
    else { return "" }
    return ", longer than its life of \(Number.short(purchase.lifeYears.best)) years"
  }

  private var surety: String {
    let share = Number.percent(decision.confidence)
    let agree = "\(share) of \(Advice.draws) draws over all ranges agree"
    return decision.confidence >= Self.sure
      ? agree + "." : "Only \(agree): too close to be sure; your own figures narrow the ranges."
  }

  /// As sure as the intervals are.
  private static let sure = 0.95

  /// What money does not show.
  public var unpriced: [String] {
    var lines: [String] = []
    if let latency = advice.latency {
      lines.append(
        "Latency: a request waits at least \(Number.duration(latency.secondsToFirstToken)) here for its first token "
          + "and \(Number.duration(latency.secondsPerRequest)) for its last, with nothing queued\(latency.batch > 1 ? " and \(latency.batch) decoded together" : ""); an API's latency was not measured."
      )
    } else {
      lines.append("Latency: not known, as not both phases were measured.")
    }
    lines.append(
      "Data: here they stay on \(result.isOfThisMachine ? "this machine" : "that server"); at \(price.provider) they leave it, under that provider's terms and law."
    )
    if let context { lines.append(context) }
    lines.append(carbon)
    lines.append("Quality: the same weights answer alike only in the same format; \(quality)")
    return lines
  }

  /// Said where requests are much longer than what was measured.
  private var context: String? {
    let wanted = advice.question.workload.inputTokensPerRequest
    let tests = result.tests.filter { $0.label == advice.cost.decodeLabel }
    guard let measured = tests.map({ $0.depth + $0.generatedTokens }).max(),
      wanted > 4 * Double(max(measured, 256))
    else { return nil }
    return
      "Context: decode was measured with \(measured) tokens in the cache, a request has \(Number.count(wanted)): "
      + "attention makes it slower than that; --depth measures it."
  }

  private var carbon: String {
    let carbon = advice.carbon
    guard let grams = carbon.blended else {
      return "Carbon: not known here (\(carbon.reason ?? "no figure")), nor of the API."
    }
    let monthly = grams.scaled(by: advice.question.traffic.millionTokensPerMonth / 1000)
    let making =
      carbon.embodiedBlended.map { ", and \(Number.short($0.best)) g for the machine's making" }
      ?? ", its making not counted"
    return
      "Carbon: \(Number.short(grams.best)) g CO2e a million tokens here "
      + "(\(Number.rough(grams.low)) to \(Number.rough(grams.high)))\(making); "
      + "\(Number.short(monthly.best)) kg a month. An API's is not published."
  }

  private var quality: String {
    "measured here as \(result.model.weightFormat), while an API's format is often not published."
  }
}
