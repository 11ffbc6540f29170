// One kept run: what a list shows of it, and its document.

/// What a list shows of a run.
public struct HistoryEntry: Sendable, Equatable {
  public let number: Int64
  public let startedAt: String
  public let model: String
  /// `safetensors`, `gguf`, `synthetic`, `endpoint` or `imported`.
  public let source: String
  public let engine: String
  public let machine: String?
  public let status: String
  /// Tests and rates in short: "pp512 212, tg128 36.2".
  public let summary: String
  public let bytes: Int
}

/// A run to be kept. The document's bytes come back as they were given.
public struct NewHistoryRun: Sendable {
  public var startedAt: String
  public var model: String
  public var source: String
  public var engine: String
  public var machine: String?
  public var status: String
  public var summary: String
  public var document: [UInt8]

  public init(
    startedAt: String, model: String, source: String, engine: String, machine: String?,
    status: String, summary: String, document: [UInt8]
  ) {
    self.startedAt = startedAt
    self.model = model
    self.source = source
    self.engine = engine
    self.machine = machine
    self.status = status
    self.summary = summary
    self.document = document
  }
}
