// The arithmetic on requests: who gets which part of the time, which replies are good.

import Analysis
import CostModel
import Endpoint
import Foundation
import Measurement
import Models
import Testing

@Suite(.timeLimit(.minutes(5))) struct ServiceTests {
  private func request(
    at start: Double, first: Double, end: Double, tokens: Int = 11, prompt: Int = 100
  ) -> ServedRequest {
    var request = ServedRequest(sentAt: start, end: end)
    request.firstToken = first
    request.lastToken = end
    request.chunks = tokens
    request.outputTokens = tokens
    request.promptTokens = prompt
    request.tokenSource = .usage
    return request
  }

  @Test("the parts of all requests are the time in which anything was in flight")
  func shares() {
    let requests = [
      request(at: 0, first: 1, end: 3), request(at: 1, first: 1, end: 4),
      request(at: 10, first: 0.5, end: 1),
    ]
    let shares = TimeShare.divide(requests)
    let total = shares.reduce(0) { $0 + $1.prefill + $1.decode }
    #expect(abs(total - 6) < 1e-12)
    #expect(abs(shares[0].prefill - 1) < 1e-12)
    // From 1 to 3 two are in flight, from 3 to 5 the second alone.
    #expect(abs(shares[0].decode - 1) < 1e-12)
    #expect(abs(shares[1].prefill - 0.5) < 1e-12)
    #expect(abs(shares[1].decode - 2.5) < 1e-12)
    #expect(abs(shares[2].prefill - 0.5) < 1e-12)
  }

  @Test("two requests together give the server's rate, not that of one")
  func serverRate() throws {
    let level = LoadLevel(
      arrivals: .concurrent(2), planned: 2,
      requests: [request(at: 0, first: 1, end: 2), request(at: 0, first: 1, end: 2)])
    let tests = ServiceTest.tests(of: level)
    #expect(tests.map(\.label) == ["pp100 c2", "tg11 c2"])
    #expect(tests[0].summary?.median == 200)
    #expect(tests[1].summary?.median == 20)
    #expect(level.outputTokensPerSecond == 11)
  }

  @Test("prompts from a cache, failures and warm-up are in no prefill rate")
  func excluded() {
    var cached = request(at: 0, first: 1, end: 2)
    cached.cachedTokens = 90
    var failed = request(at: 3, first: 1, end: 2)
    failed.failure = .init(code: "truncated", message: "")
    var warm = request(at: 6, first: 1, end: 2)
    warm.isMeasured = false
    let level = LoadLevel(
      arrivals: .concurrent(1), planned: 2, requests: [cached, failed, warm])
    let prefill = ServiceTest.tests(of: level)[0]
    #expect(prefill.samples.isEmpty)
    #expect(level.failureShare == 0.5)
    #expect(!level.isValid)
    #expect(level.endToEnd == [2])
  }

  @Test("a good reply keeps every bound; a failed one keeps none")
  func objective() throws {
    let objective = try ServiceObjective(flag: "ttft:500ms,tpot:50ms,e2e:2s")
    let good = request(at: 0, first: 0.4, end: 0.8)
    #expect(objective.isMet(by: good))
    #expect(!objective.isMet(by: request(at: 0, first: 0.6, end: 0.8)))
    #expect(!objective.isMet(by: request(at: 0, first: 0.4, end: 1.5)))
    var failed = good
    failed.failure = .init(code: "x", message: "")
    #expect(!objective.isMet(by: failed))
    let level = LoadLevel(arrivals: .concurrent(1), planned: 2, requests: [good, failed])
    let goodput = try #require(level.goodput(objective))
    #expect(goodput.share == 0.5)
  }

  @Test("a bound on what was not observable is broken; on what a reply cannot have it is kept")
  func unobservable() throws {
    let (itl, tpot) = (
      try ServiceObjective(flag: "itl:50ms"), try ServiceObjective(flag: "tpot:50ms")
    )
    var good = request(at: 0, first: 0.4, end: 0.8)
    good.gaps = [0.01, 0.04]
    #expect(itl.isMet(by: good) && tpot.isMet(by: good))
    var slow = good
    slow.gaps = [0.01, 0.06]
    #expect(!itl.isMet(by: slow))
    var whole = good
    whole.flags = [.notStreamed]
    whole.gaps = []
    #expect(!itl.isMet(by: whole) && !tpot.isMet(by: whole))
    var uncounted = good
    uncounted.outputTokens = nil
    #expect(!tpot.isMet(by: uncounted))
    uncounted.gaps = []
    #expect(!itl.isMet(by: uncounted))
    var one = request(at: 0, first: 0.4, end: 0.4, tokens: 1)
    one.gaps = []
    #expect(itl.isMet(by: one) && tpot.isMet(by: one))
  }

  @Test(
    "bounds that are none are refused",
    arguments: [
      "", "ttft", "ttft:5", "ttft:-1s", "ttft:0ms", "x:1s", "ttft:1s,ttft:2s", "ttft:nans",
      "tpot:1e999s",
    ])
  func badObjective(flag: String) {
    #expect(throws: ServiceObjectiveError.self) { try ServiceObjective(flag: flag) }
  }

  @Test("random arrivals keep their rate on average and repeat with their seed")
  func arrivals() throws {
    let times = try #require(ArrivalTimes(.poisson(perSecond: 4), seed: 7))
    let list = Array(times.prefix(4001))
    #expect(list == list.sorted())
    #expect(abs(list[4000] - 1000) < 60)
    #expect(Array(times.prefix(5)) == Array(list.prefix(5)))
    let even = try #require(ArrivalTimes(.constant(perSecond: 4), seed: 7))
    #expect(Array(even.prefix(3)) == [0, 0.25, 0.5])
  }

  private static let waits: [(values: [String], seconds: Double)] = [
    (["1"], 1), (["soon"], 1), (["-5"], 1), ([], 1), (["999999999"], 999_999_999),
    (["Sun, 06 Nov 1994 08:49:37 GMT"], 7), (["Sun, 06 Nov 1994 08:49:20 GMT"], 0),
  ]

  @Test("Retry-After is understood as seconds and as a date", arguments: waits.indices)
  func retryAfter(index: Int) {
    let (values, seconds) = Self.waits[index]
    #expect(RetryRule.seconds(values, retry: 1, now: 784_111_770) == seconds)
  }

  @Test("prompts repeat with their number, begin differently and have the wanted length")
  func prompts() {
    var maker = PromptMaker(
      text: Array("It is a truth universally acknowledged, that na\u{EF}ve caf\u{E9}s. ".utf8),
      promptTokens: 256...256, outputTokens: 16...64, seed: 3)
    maker.calibrate(bytes: 500, tokens: 100)
    let prompts = (0..<50).map(maker.prompt)
    #expect(maker.prompt(7) == prompts[7])
    #expect(Set(prompts.map { $0.text.prefix(14) }).count == 50)
    #expect(prompts.allSatisfy { abs($0.text.utf8.count - 1280) <= 4 })
    #expect(prompts.allSatisfy { !$0.text.contains("\u{FFFD}") })
    #expect(prompts.allSatisfy { (16...64).contains($0.maximumTokens) })
  }

  @Test("a key has no printable form and is taken out of what a server says")
  func key() throws {
    let key = try #require(APIKey(" sk-secret-1\n"))
    var dumped = ""
    dump(key, to: &dumped)
    #expect(!"\(key) \(String(reflecting: key)) \(dumped)".contains("secret"))
    #expect(key.removed(from: "Incorrect API key: sk-secret-1.") == "Incorrect API key: [key].")
    #expect(APIKey("two words") == nil)
    #expect(APIKey("line\r\nX-Other: 1") == nil)
    #expect(APIKey(" \n") == nil)
  }

  @Test(
    "URLs that are none, or hold secrets, are refused",
    arguments: [
      "", "localhost:8000/v1", "ftp://x/v1", "http://", "http://u:p@x/v1", "http://x/v1?a=b",
      "http://x/v1#f", "http://x:99999/v1", "http://x y/v1", "file:///etc/passwd",
    ])
  func badURL(url: String) {
    #expect(throws: EndpointAddress.Fault.self) { try EndpointAddress(url) }
  }
}

@Suite(.timeLimit(.minutes(5))) struct LevelPricingTests {
  private func level(_ count: Int, prefill: Double, decode: Double) -> [PhaseMeasurement] {
    [(Phase.prefill, prefill), (.decode, decode)].map { phase, rate in
      var measurement = PhaseMeasurement(
        label: "\(phase) c\(count)", phase: phase, batch: count, tokensPerSecond: [rate],
        joulesPerToken: nil, energyReason: nil)
      measurement.level = "c\(count)"
      return measurement
    }
  }

  @Test("the fastest prefill of one load is never priced with the fastest decode of another")
  func oneLevel() throws {
    var settings = CostSettings()
    settings.rentalUsdPerHour = 1
    let basis = try CostBasis(
      settings, processors: nil, isVirtual: false, idleWatts: .exactly(0), fullWatts: nil,
      energySource: nil, tables: SiteTables.builtIn)
    let tests = level(1, prefill: 1000, decode: 10) + level(8, prefill: 500, decode: 40)
    let cost = try RunCost(tests, basis: basis, mix: .threeToOne)
    #expect(cost.prefillLabel == "prefill c8")
    #expect(cost.decodeLabel == "decode c8")
  }
}
