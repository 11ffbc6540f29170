// The page: hostile names stay text, nothing runs, nothing loads, and unknown figures say why.

import Analysis
import CostModel
import Foundation
import Measurement
import Models
import Reports
import StrictJSON
import TestSupport
import Testing

@Suite struct PageTests {
  static let hostile =
    "</title><script>alert(1)</script><img src=x onerror=alert(2)>\"'&\u{202E}abc\u{1}"

  private func page(
    _ report: RunReport, settings: CostSettings = CostSettings(), trafficIsGiven: Bool = true
  ) throws -> String {
    let result = try TinyRun.stored(report)
    let cost = try result.cost(settings, tables: SiteTables.builtIn)
    let prices = try TinyRun.quotes().map { PriceComparison($0, cost: cost) }
    var advice: AdviceReport?
    if cost.blended != nil {
      let question = Question(
        workload: try TokenWorkload(flag: "chat"), traffic: try Traffic(parsing: "5M/day"))
      advice = AdviceReport(
        result,
        advice: try Advice(
          question, cost: cost, quotes: TinyRun.quotes(), scenarios: Scenario.builtIn))
    }
    let entry = ResultPage.Entry(
      RepricedResult(result, cost: cost, prices: prices), advice: advice,
      adviceReason: cost.reason)
    return try ResultPage(
      [entry], toolVersion: "0", madeAt: "2026-11-21T00:00:00Z",
      trafficIsGiven: trafficIsGiven
    ).html()
  }

  /// Every tag of the page as written.
  private func tags(_ html: String) -> [Substring] {
    html.split(separator: "<").dropFirst().map { $0.prefix { $0 != ">" } }
  }

  @Test("a model's hostile name is text: no tag and no attribute of its making")
  func escaping() throws {
    let html = try page(TinyRun.report(name: Self.hostile))
    #expect(!html.contains("<script"))
    #expect(!html.contains("<img"))
    #expect(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"))
    #expect(!html.unicodeScalars.contains { $0.value == 0x202E || $0.value == 1 })
    let names = Set(tags(html).map { $0.prefix { !$0.isWhitespace } })
    let ours: Set<Substring> = [
      "!DOCTYPE", "html", "head", "meta", "title", "style", "body", "main", "header", "h1", "h2",
      "h3", "ul", "li", "p", "section", "div", "table", "caption", "thead", "tbody", "tr", "th",
      "td", "figure",
      "figcaption", "svg", "desc", "line", "circle", "rect", "polyline", "polygon", "text", "a",
      "footer",
    ]
    #expect(names.filter { !ours.contains($0.hasPrefix("/") ? $0.dropFirst() : $0) } == [])
  }

  private static let python = [
    "/usr/bin/python3", "/usr/local/bin/python3", "/opt/homebrew/bin/python3",
  ]
  .first { FileManager.default.isExecutableFile(atPath: $0) }

  /// Somebody else's parser: tags, attributes and text as it sees them, one a line.
  private static let parser = """
    import sys
    from html.parser import HTMLParser
    class P(HTMLParser):
        def handle_starttag(self, tag, attrs):
            print('tag', tag)
            for name, value in attrs: print('attribute', name, repr(value))
        def handle_data(self, data): print('text', repr(data))
        def handle_comment(self, data): print('comment', data)
    p = P(convert_charrefs=True)
    p.feed(sys.stdin.read())
    p.close()
    """

  @Test(
    "an HTML parser finds no script, no handler and no foreign address, and the name as text",
    .enabled(if: python != nil, "there is no Python"))
  func parsed() throws {
    let html = try page(TinyRun.report(name: Self.hostile))
    let folder = try ScratchFolder()
    let file = try folder.file("page.html", html)
    let parsed = try Program.run(
      URL(filePath: try #require(Self.python)), arguments: ["-X", "utf8", "-c", Self.parser],
      input: URL(filePath: file))
    #expect(parsed.status == 0, "\(parsed.error)")
    let lines = parsed.output.split(separator: "\n")
    #expect(lines.count > 500)
    let bad = ["tag script", "tag img", "tag iframe", "tag link", "tag object", "comment"]
    #expect(!lines.contains { line in bad.contains { line.hasPrefix($0) } })
    let attributes = lines.filter { $0.hasPrefix("attribute ") }
    #expect(
      !attributes.contains { $0.hasPrefix("attribute on") || $0.hasPrefix("attribute style") })
    let addresses = attributes.filter {
      $0.hasPrefix("attribute href") || $0.hasPrefix("attribute src")
    }
    #expect(addresses.allSatisfy { $0.hasPrefix("attribute href 'data:application/json;base64,") })
    let shown = "</title><script>alert(1)</script><img src=x onerror=alert(2)>"
    #expect(lines.contains { $0.hasPrefix("text ") && $0.contains(shown) })
  }

  @Test("a hostile name reaches a terminal without control characters, and JSON unchanged")
  func terminal() throws {
    let report = try TinyRun.report(name: Self.hostile)
    let stored = try TinyRun.stored(report)
    #expect(stored.model.name == Self.hostile)
    let cost = try stored.cost(CostSettings(), tables: SiteTables.builtIn)
    let question = Question(
      workload: try TokenWorkload(flag: "chat"), traffic: try Traffic(parsing: "5M/day"))
    let advice = try Advice(question, cost: cost, quotes: TinyRun.quotes(), scenarios: [])
    let texts = [
      report.text(), report.markdown, AdviceReport(stored, advice: advice).text(),
      RepricedResult(stored, cost: cost, prices: []).text(),
    ]
    for text in texts {
      for scalar in text.unicodeScalars {
        let isHarmless =
          scalar == "\n"
          || scalar.value >= 0x20
            && !(0x202A...0x202E).contains(scalar.value)
            && !(0x2066...0x2069).contains(scalar.value)
        #expect(isHarmless, "U+\(String(scalar.value, radix: 16))")
      }
    }
  }

  @Test("energy and carbon have their sections, with what is not known said")
  func energyAndCarbon() throws {
    let html = try page(TinyRun.report())
    #expect(html.contains("<h2>Carbon</h2>") && html.contains("<h2>Energy</h2>"))
    #expect(html.contains("no price source publishes it"))
    #expect(html.contains("if idle hours were sold"))
  }

  @Test("the costs say at which use of the machine they are, the verdict for which traffic")
  func utilisation() throws {
    let html = try page(TinyRun.report())
    #expect(
      html.contains("The machine is 30 % used here, as assumed; the verdict is of the traffic"))
    #expect(html.contains("mixed as in “chat: three tokens in to one out, nothing cached”"))
    #expect(html.contains("at 3 input to 1 output"))
    #expect(html.contains(">your traffic<"))
    let assumed = try page(TinyRun.report(), trafficIsGiven: false)
    #expect(!assumed.contains("your traffic") && assumed.contains(">assumed traffic<"))
  }

  @Test("the page loads nothing: a policy that forbids it, no address but the embedded data")
  func isolation() throws {
    let html = try page(TinyRun.report())
    #expect(html.contains("default-src &#39;none&#39;; style-src &#39;sha256-"))
    let addresses = tags(html).filter { $0.contains("href=") || $0.contains("src=") }
      .filter { !$0.hasPrefix("meta") }
    #expect(addresses.count == 1)
    #expect(addresses.allSatisfy { $0.contains("href=\"data:application/json;base64,") })
    #expect(
      !tags(html).contains { $0.contains(#/\son[a-z]+="/#) || $0.contains(" style=") })
  }

  @Test("the result embedded in the page reads back to the same document")
  func rawData() throws {
    let report = try TinyRun.report()
    let html = try page(report)
    let start = try #require(html.range(of: "base64,")).upperBound
    let data = try #require(Data(base64Encoded: String(html[start...].prefix { $0 != "\"" })))
    let result = try StoredResult(parsing: [UInt8](data), file: "embedded")
    #expect(result.document == report.json)
  }

  @Test("a server's load and another engine's turn have their sections, whatever they are called")
  func engines() throws {
    var document = try #require(TinyRun.report().json.object)
    let name = try JSONValue.string(Self.hostile).text()
    document["endpoint"] = try JSONValue(
      parsing: """
        {"url": \(name), "nodes": 3, "levels": [{"label": \(name), "sent": 10, "succeeded": 9,
         "failure_share": 0.1, "requests_per_second": 2, "output_tokens_per_second": null,
         "ttft_seconds": {"mean": 0.25, "p50": 0.2, "p90": 0.3, "p99": "?", "n": 9},
         "failures": [{"count": 1, "example": \(name)}]}, 7]}
        """)
    document["peer"] = try JSONValue(
      parsing: """
        {"name": "llama-bench", "tests": [{"label": "tg8",
         "tokens_per_second": {"median": 50, "ci_low": 49, "ci_high": 51},
         "builtin_over_peer": {"value": 1.5, "ci_low": 1.4, "ci_high": 1.6},
         "energy": {"joules_per_token": null, "estimated": {"joules_per_token": 0.5}}}, null]}
        """)
    let result = try StoredResult(parsing: JSONValue.object(document).utf8(), file: "x.json")
    let cost = try result.cost(CostSettings(), tables: SiteTables.builtIn)
    let html = try ResultPage(
      [.init(RepricedResult(result, cost: cost, prices: []), advice: nil, adviceReason: "none")],
      toolVersion: "0", madeAt: "2026-11-21T00:00:00Z", trafficIsGiven: true
    ).html()
    for words in [
      "Under load", "9 of 10", "on 3 nodes", "Beside llama-bench", "1.50 times as fast",
    ] { #expect(html.contains(words), "\(words)") }
    #expect(!html.contains("<script") && !html.contains("<img"))
  }

  @Test("every chart has a title, a description and a table in its section")
  func alternatives() throws {
    let html = try page(TinyRun.report())
    let charts = html.components(separatedBy: "<svg ").count - 1
    #expect(charts >= 5)
    #expect(html.components(separatedBy: "<desc>").count - 1 == charts)
    for section in html.components(separatedBy: "<section").dropFirst()
    where section.contains("<svg ") {
      #expect(section.contains("<table>"))
    }
  }

  @Test("without an energy figure there is no verdict, and the page says why")
  func noEnergy() throws {
    var settings = CostSettings()
    settings.hardwareUsd = 1000
    let html = try page(TinyRun.report(settings: settings, meter: nil), settings: settings)
    #expect(html.contains("No verdict"))
    #expect(html.contains("no energy meter was used"))
  }

  /// The numbers after a text's x, by the text.
  private func labels(_ html: String) -> [(x: Double, text: String)] {
    html.matches(of: #/<text x="([0-9.]+)"[^>]*>([^<]*)</#).compactMap { match in
      Double(match.1).map { ($0, String(match.2)) }
    }
  }

  @Test("what was touched is what the routers chose, of the narrowest and the widest step")
  func touched() throws {
    var report = try TinyRun.report()
    report.model.touched = (shared: 1000, perExpert: 500)
    let decodes = report.tests.filter { $0.test.phase == .decode }
    let html = try page(report)
    for decode in decodes {
      let parameters = try #require(report.touchedParameters(of: decode))
      let row = "touched, b\(decode.test.batch)</th><td class=\"n\">\(Number.count(parameters))<"
      #expect(html.contains(row), "\(row)")
    }
    #expect(report.text().contains("touched a step (b2)"))
  }

  @Test("every name of a legend ends within its chart, and a wide interval flattens no line")
  func legend() throws {
    let plan = Plan(
      promptTokens: [0], generatedTokens: [10], depths: [0, 256, 1024], batches: [1, 2, 4],
      threads: [1], repetitions: 2, warmUp: .fixed(0))
    var report = try TinyRun.report()
    report.tests = try Runner(workload: FixedWorkload([0.001, 1, 1, 0.001]), plan: plan).run()
      .results
    let html = try page(report)
    let names = labels(html).filter { $0.text.hasSuffix("tokens in the cache") && $0.x < 740 }
    #expect(names.count == 3)
    for name in names { #expect(name.x + 7.5 * Double(name.text.count) <= 760, "\(name)") }
    #expect(html.contains("Arrows: the interval goes on"))
  }

  @Test("where names are short the values have their room")
  func gutter() throws {
    let html = try page(TinyRun.report())
    let label = try #require(labels(html).first { $0.text == "API price" })
    #expect(label.x < 220)
  }

  @Test("the digest agrees with the standard's examples")
  func digest() {
    func hex(_ text: String) -> String {
      SHA256.digest(Array(text.utf8)).map { String(format: "%02x", $0) }.joined()
    }
    #expect(hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(
      hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")
        == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
  }
}
