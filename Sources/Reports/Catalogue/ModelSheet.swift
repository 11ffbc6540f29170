// One model of the catalogue in full, or all in a table: parameters, bytes, cache, licence, prices.

import Models
import StrictJSON

/// A catalogue entry with what its shape comes to.
public struct ModelSheet: Sendable {
  /// Computed from the shape.
  public struct Facts: Sendable {
    public let family: String
    public let layers: Int
    public let vocabulary: Int
    public let total: Double
    public let active: Double
    public let activeWithEmbedding: Double
    /// Parameters that a decode step of so many sequences reads, if their tokens choose experts at random.
    public let touchedByBatch: [(batch: Int, parameters: Double)]
    public let bytesByFormat: [(format: String, bytes: Double)]

    public init(
      family: String, layers: Int, vocabulary: Int, total: Double, active: Double,
      activeWithEmbedding: Double, touchedByBatch: [(batch: Int, parameters: Double)],
      bytesByFormat: [(format: String, bytes: Double)]
    ) {
      self.touchedByBatch = touchedByBatch
      self.family = family
      self.layers = layers
      self.vocabulary = vocabulary
      self.total = total
      self.active = active
      self.activeWithEmbedding = activeWithEmbedding
      self.bytesByFormat = bytesByFormat
    }
  }

  /// Why nothing could be computed.
  public struct Unknown: Error, Sendable {
    public let reason: String

    public init(reason: String) { self.reason = reason }
  }

  public let entry: ModelEntry
  public let facts: Result<Facts, Unknown>
  public let prices: [PriceRow]

  public init(_ entry: ModelEntry, facts: Result<Facts, Unknown>, prices: [PriceRow]) {
    self.entry = entry
    self.facts = facts
    self.prices = prices
  }

  private var known: Facts? { if case .success(let facts) = facts { facts } else { nil } }
  private var reason: String? { if case .failure(let why) = facts { why.reason } else { nil } }

  /// Bytes of the cache a token takes at 16 bits an element.
  private var cacheBytesPerToken: Double? { entry.kvCacheElementsPerToken.map { 2 * $0 } }
}

extension ModelSheet {
  public var json: JSONValue {
    let facts = known
    return object([
      ("name", .string(entry.name)),
      ("title", .string(entry.title)),
      ("repository", .string(entry.huggingFaceRepository)),
      ("licence", .string(entry.license)),
      ("released", .stringOrNull(entry.releaseDate)),
      ("architecture", .stringOrNull(facts?.family)),
      ("layers", .intOrNull(facts?.layers)),
      ("vocabulary", .intOrNull(facts?.vocabulary)),
      ("context", .intOrNull(entry.context)),
      (
        "parameters",
        object([
          ("total", .numberOrNull(facts?.total)), ("active", .numberOrNull(facts?.active)),
          ("active_with_embedding", .numberOrNull(facts?.activeWithEmbedding)),
          (
            "touched_by_batch",
            object(
              (facts?.touchedByBatch ?? []).map { ("\($0.batch)", .numberOrNull($0.parameters)) })
          ),
          ("published_total", .numberOrNull(entry.published.totalBillion.map { $0 * 1e9 })),
          ("published_active", .numberOrNull(entry.published.activeBillion.map { $0 * 1e9 })),
        ])
      ),
      ("native_weight_dtype", .string(entry.nativeWeightDtype)),
      (
        "weight_bytes",
        object((facts?.bytesByFormat ?? []).map { ($0.format, .numberOrNull($0.bytes)) })
      ),
      ("kv_cache_bytes_per_token", .numberOrNull(cacheBytesPerToken)),
      ("config_status", .string(entry.configStatus)),
      ("sources", .array(entry.sources.map { .string($0) })),
      ("notes", .array(entry.notes.map { .string($0) })),
      ("prices", .array(prices.map(\.json))),
      ("reason", .stringOrNull(reason)),
    ])
  }

  /// One model in full, in at most 80 columns.
  public func text(_ style: Style = .plain) -> String {
    var table = TextTable([.left, .left])
    func add(_ name: String, _ value: String?) { if let value { table.add([name, value]) } }
    add("repository", entry.huggingFaceRepository)
    add("licence", entry.license)
    add("released", entry.releaseDate)
    add("context", entry.context.map { "\($0) tokens" })
    if let facts = known {
      add("architecture", "\(facts.family), \(facts.layers) layers, vocabulary \(facts.vocabulary)")
      add(
        "parameters", "\(Number.count(facts.total)), \(Number.count(facts.active)) active a token")
      add(
        "touched a step",
        facts.touchedByBatch.map { "\(Number.count($0.parameters)) by \($0.batch)" }
          .joined(separator: ", ") + " sequences")
      for (format, bytes) in facts.bytesByFormat { add("in \(format)", Number.bytes(bytes)) }
    }
    add("native weights", entry.nativeWeightDtype)
    add("cache a token", cacheBytesPerToken.map { "\(Number.bytes($0)) at 16 bits" })
    var lines = [style.bold(entry.title.safeForTerminal)]
    lines += table.lines().map { $0.safeForTerminal.shortened(to: 80) }
    if let reason { lines += wrapped("Not computed: \(reason)") }
    if prices.isEmpty {
      lines += wrapped("No API price of this model is known today.")
    }
    var text = lines.joined(separator: "\n") + "\n"
    if !prices.isEmpty {
      text += "\n" + PriceList.text(prices, title: "$ per million tokens", style)
    }
    return text
  }

  /// All models, one a line.
  public static func table(_ sheets: [ModelSheet], _ style: Style = .plain) -> String {
    var table = TextTable([.left, .right, .right, .right, .right, .left])
    table.add(["model", "total", "active", "q8_0", "q4_0", "licence"])
    for sheet in sheets {
      func bytes(_ format: String) -> String {
        sheet.known?.bytesByFormat.first { $0.format == format }.map { Number.bytes($0.bytes) }
          ?? "-"
      }
      table.add([
        sheet.entry.name, sheet.known.map { Number.count($0.total) } ?? "-",
        sheet.known.map { Number.count($0.active) } ?? "-", bytes("q8_0"), bytes("q4_0"),
        sheet.entry.license.safeForTerminal.shortened(to: 22),
      ])
    }
    return table.headed(style).joined(separator: "\n") + "\n"
  }
}
