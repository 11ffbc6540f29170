// Decodes token by token without ever cutting a character.

/// Turns ids into text as they come. The parts put together are what ``Tokenizer/decode(_:skipSpecial:)``
/// gives for all ids at once.
public struct StreamingDecoder: Sendable {
  private let tokenizer: Tokenizer
  private let skipSpecial: Bool
  private var pending: [UInt8] = []
  private var isFirst = true

  public init(_ tokenizer: Tokenizer, skipSpecial: Bool = true) {
    self.tokenizer = tokenizer
    self.skipSpecial = skipSpecial
  }

  /// The text that is complete now; the first bytes of an unfinished character are kept back.
  public mutating func push(_ id: Int) throws(TokenizerError) -> String {
    try tokenizer.append(id, skipSpecial: skipSpecial, isFirst: &isFirst, to: &pending)
    var end = 0
    scan: while end < pending.count {
      switch utf8Step(pending, at: end) {
      case .scalar(let length), .invalid(let length): end += length
      case .incomplete: break scan
      }
    }
    let text = String(decoding: pending[..<end], as: UTF8.self)
    pending.removeFirst(end)
    return text
  }

  /// What was kept back, as U+FFFD, at the end of the text.
  public mutating func finish() -> String {
    defer { pending = [] }
    return String(decoding: pending, as: UTF8.self)
  }
}
