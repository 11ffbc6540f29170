// Other projects' price lists as rows of ours: LiteLLM's price map and OpenRouter's model list.

import StrictJSON

/// What came out of somebody's price list.
public struct PriceImport: Sendable {
  /// Whose list it is.
  public enum Format: String, Sendable, Hashable, CaseIterable {
    case moebench
    case liteLLM = "litellm"
    case openRouter = "openrouter"
  }

  /// An entry that is no price per token, with the reason; never silently priced at nothing.
  public struct Skipped: Sendable, Hashable {
    public let path: String
    public let reason: String
  }

  public let format: Format
  public let table: PriceTable
  public let skipped: [Skipped]

  /// Recognises the format and reads it.
  ///
  /// - Parameters:
  ///   - file: Name for messages and for the rows' source.
  ///   - seen: Day the list was fetched; it becomes the rows' date.
  /// - Throws: `DataError` with file, JSON path and rule: a price that is not finite, negative or no
  ///   number refuses the whole file.
  public init(parsing bytes: [UInt8], file: String, seen: Day) throws(DataError) {
    let document = try Node(parsing: bytes, file: file)
    if document.value["schema"] != nil {
      (format, table, skipped) = (.moebench, try PriceTable(document), [])
      return
    }
    var reader = ImportReader(
      file: file, seen: seen, names: Set(try Catalogue.builtIn.models.map(\.name)))
    if document.value["data"]?.array != nil {
      format = .openRouter
      try reader.readOpenRouter(document)
    } else if Self.looksLikeLiteLLM(document.value) {
      format = .liteLLM
      try reader.readLiteLLM(document)
    } else {
      throw document.fault(.unrecognised)
    }
    guard !reader.rows.isEmpty else { throw document.fault(.nothingPriced) }
    table = PriceTable(rows: reader.rows, origin: file)
    skipped = reader.skipped
  }

  private static func looksLikeLiteLLM(_ value: JSONValue) -> Bool {
    value.object?.members.contains { $0.value["input_cost_per_token"] != nil } ?? false
  }
}

/// Rows and refusals collected while an import is read.
struct ImportReader {
  let file: String
  let seen: Day
  /// Of the catalogue, by which an offer of the same weights is recognised.
  private let names: Set<String>
  var rows: [PriceRow] = []
  var skipped: [PriceImport.Skipped] = []
  private var ids: Set<ByteKey> = []

  init(file: String, seen: Day, names: Set<String>) {
    self.file = file
    self.seen = seen
    self.names = names
  }

  /// The catalogue's name where an id ends in exactly that: `openai/gpt-oss-20b`, `x/gpt-oss-20b:free`.
  private func catalogue(of id: String) -> [String] {
    let last = id.split(separator: "/").last ?? ""
    let name = (last.split(separator: ":").first ?? "").lowercased()
    return names.contains(name) ? [name] : []
  }

  mutating func skip(_ node: Node, _ reason: String) {
    skipped.append(.init(path: node.path, reason: reason))
  }

  mutating func add(_ row: PriceRow, at node: Node) throws(DataError) {
    try row.checkHeights(node)
    guard ids.insert(ByteKey(row.id)).inserted else { throw node.fault(.duplicate(row.id)) }
    rows.append(row)
  }

  /// A row with what every import knows.
  func row(
    provider: String, model: String, id: String, input: Double, output: Double, cached: Double?
  ) -> PriceRow {
    PriceRow(
      id: id, provider: provider, model: model, modelID: id, kind: .list,
      catalogue: catalogue(of: id),
      headline: false, openWeights: nil, usdPerMillionInput: Self.perMillion(input),
      usdPerMillionCachedInput: cached.map(Self.perMillion),
      usdPerMillionOutput: Self.perMillion(output), batchDiscount: nil, context: nil,
      contextSteps: [], timeBand: nil, timeShare: nil, tier: nil, validFrom: nil, validTo: nil,
      asOf: seen.description, source: file, agreesWith: [], flags: [], note: nil,
      currencyNote: nil)
  }

  /// USD per token to USD per million, rounded to a billionth: 2.7e-07 is 0.27, not 0.26999999999999996.
  private static func perMillion(_ perToken: Double) -> Double {
    (perToken * 1e15).rounded() / 1e9
  }
}
