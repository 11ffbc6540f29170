// One self-contained page for a manager to read and an engineer to check: no script, no network.

import Analysis
import CostModel
import Foundation
import Models
import StrictJSON

/// A page about one or several priced results.
public struct ResultPage: Sendable {
  /// A result with what follows from it.
  public struct Entry: Sendable {
    public let result: StoredResult
    public let cost: RunCost
    public let prices: [PriceComparison]
    /// Nil where nothing can be decided, with the reason.
    public let advice: AdviceReport?
    public let adviceReason: String?

    public init(
      _ repriced: RepricedResult, advice: AdviceReport?, adviceReason: String?
    ) {
      result = repriced.result
      cost = repriced.cost
      prices = repriced.prices
      self.advice = advice
      self.adviceReason = adviceReason
    }
  }

  public let entries: [Entry]
  public let toolVersion: String
  /// UTC, ISO 8601.
  public let madeAt: String
  /// Whether the traffic was given, or follows from the assumed utilisation.
  public let trafficIsGiven: Bool

  public init(_ entries: [Entry], toolVersion: String, madeAt: String, trafficIsGiven: Bool) {
    self.entries = entries
    self.toolVersion = toolVersion
    self.madeAt = madeAt
    self.trafficIsGiven = trafficIsGiven
  }

  /// The document.
  ///
  /// - Throws: `JSONError` where a result cannot be written as JSON.
  public func html() throws(JSONError) -> String {
    var body: [Markup] = [header]
    if entries.count > 1 { body.append(overview) }
    for entry in entries {
      body += try EntrySections(
        entry: entry, isOnly: entries.count == 1, trafficIsGiven: trafficIsGiven
      ).all()
    }
    body.append(footer)
    return Markup.document(head: head, body: [.tag("main", [], body)])
  }

  private var title: String {
    let names = entries.map(\.result.model.name)
    return (names.first ?? "results") + (names.count > 1 ? " and \(names.count - 1) more" : "")
      + ": self-host or API?"
  }

  private var head: [Markup] {
    let hash = Data(SHA256.digest(Array(StyleSheet.text.description.utf8))).base64EncodedString()
    let policy =
      "default-src 'none'; style-src 'sha256-\(hash)'; base-uri 'none'; form-action 'none'"
    return [
      .void("meta", [("charset", "utf-8")]),
      .void("meta", [("http-equiv", "Content-Security-Policy"), ("content", policy)]),
      .void("meta", [("name", "viewport"), ("content", "width=device-width, initial-scale=1")]),
      .void("meta", [("name", "referrer"), ("content", "no-referrer")]),
      .tag("title", text: title), .style(StyleSheet.text),
    ]
  }

  private var header: Markup {
    .tag(
      "header", [],
      [
        .tag("h1", text: title),
        .tag(
          "p", [("class", "sub")],
          text: entries.count == 1 ? entries[0].subtitle : "\(entries.count) results"),
      ])
  }

  private var overview: Markup {
    let rows = entries.map { entry in
      [
        entry.result.model.name, entry.result.machineName,
        entry.result.model.weightFormat, entry.cost.input.cell, entry.cost.output.cell,
        entry.cost.blended.cell, entry.advice?.headline ?? "none",
      ]
    }
    return .section(
      "All results",
      [
        .table(
          caption: "USD per million tokens on each machine, with the range of all assumptions.",
          head: ["model", "machine", "format", "input", "output", "blended", "verdict"], rows: rows,
          numeric: [3, 4, 5])
      ])
  }

  private var footer: Markup {
    .tag(
      "footer", [],
      [
        .paragraph(
          "Made by moebench \(toolVersion) at \(madeAt). This page loads nothing and runs nothing; its numbers can be computed again from the results embedded in it."
        )
      ])
  }
}

extension ResultPage.Entry {
  var subtitle: String {
    let model = result.model
    var parts = [model.name]
    if model.source == "synthetic" { parts.append("synthetic weights of its true shape") }
    if let slice = model.slice { parts.append("\(slice.measured) of \(slice.total) layers run") }
    parts += [model.weightFormat, result.machineName]
    parts.append("\(result.engine.threads) threads")
    parts.append(result.startedAt)
    return parts.joined(separator: " · ")
  }
}

extension CostRange? {
  /// In a cell of the page.
  var cell: String { self.map { $0.usdPerMillion.cell } ?? "not known" }
}

extension Estimate {
  /// `1.24 (0.99 to 1.6)`.
  var cell: String {
    isExact
      ? Number.short(best)
      : "\(Number.short(best)) (\(Number.rough(low)) to \(Number.rough(high)))"
  }
}
