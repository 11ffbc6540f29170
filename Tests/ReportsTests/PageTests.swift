// The page: hostile names stay text, nothing runs, nothing loads, and unknown figures say why.

import Analysis
import CostModel
import Foundation
import Models
import Reports
import Testing

@Suite struct PageTests {
  static let hostile =
    "</title><script>alert(1)</script><img src=x onerror=alert(2)>\"'&\u{202E}abc\u{1}"

  private func page(_ report: RunReport, settings: CostSettings = CostSettings()) throws -> String {
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
      [entry], toolVersion: "0", madeAt: "2026-11-21T00:00:00Z", trafficIsGiven: true
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
      "p", "section", "div", "table", "caption", "thead", "tbody", "tr", "th", "td", "figure",
      "figcaption", "svg", "desc", "line", "circle", "rect", "polyline", "polygon", "text", "a",
      "footer",
    ]
    #expect(names.filter { !ours.contains($0.hasPrefix("/") ? $0.dropFirst() : $0) } == [])
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
