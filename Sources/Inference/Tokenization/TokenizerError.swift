// Why a tokenizer was refused or could not do its work: facts; the sentences are made in one place.

import StrictJSON

/// A fault of a tokenizer's description, or a text or an id that it cannot take.
public enum TokenizerError: Error, Equatable, Sendable {
  /// A field is missing, of the wrong type, or breaks a rule.
  case field(String, rule: String)
  /// A field asks for something this tokenizer does not do; it would give other tokens.
  case unsupported(field: String, value: String)
  /// The text is not UTF-8 from this byte on.
  case invalidUTF8(offset: Int)
  /// The model has neither a token for this part of the text nor one for what is unknown.
  case noToken(text: String)
  /// No token has this id.
  case unknownID(Int, vocabulary: Int)
  /// A pre-tokenizer's pattern needs more than a fixed number of steps for each byte of this text.
  case patternTooCostly(offset: Int)
  /// The text is longer than 2 GiB.
  case textTooLong(bytes: Int)
}

extension TokenizerError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .field(let name, let rule):
      "\"\(name.escapedForMessage(limit: 120))\": \(rule)"
    case .unsupported(let field, let value):
      "\"\(field.escapedForMessage(limit: 120))\": \(value.quotedForMessage()) is not supported"
    case .invalidUTF8(let offset):
      "the text is not UTF-8 (byte \(offset))"
    case .noToken(let text):
      "the vocabulary has no token for \(text.quotedForMessage())"
    case .unknownID(let id, let vocabulary):
      "no token has id \(id) (vocabulary of \(vocabulary))"
    case .patternTooCostly(let offset):
      "the pre-tokenizer's pattern needs too many steps on this text (byte \(offset))"
    case .textTooLong(let bytes):
      "the text has \(bytes) bytes; at most \(Int32.max) can be tokenized at once"
    }
  }
}
