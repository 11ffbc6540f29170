// A secret: from the environment or a file into one header, and nowhere else.

/// An API key. It has no printable form, and is taken out of what a server says.
public struct APIKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible,
  CustomReflectable
{
  private let secret: String

  /// Bytes of a key at most.
  static let longest = 8192

  /// - Returns: nil where the text, without surrounding white space, is empty or cannot stand in a header.
  public init?(_ text: String) {
    let trimmed = text.drop(while: \.isWhitespace)
    let end = trimmed.lastIndex { !$0.isWhitespace }
    guard let end else { return nil }
    let key = String(trimmed[...end])
    guard key.utf8.count <= Self.longest, key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
      return nil
    }
    secret = key
  }

  public var description: String { "[key]" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: []) }

  var headerValue: String { "Bearer \(secret)" }

  /// The text with the key taken out: servers repeat the key that they refuse.
  package func removed(from text: String) -> String {
    text.replacing(secret, with: description)
  }

  /// The same for names, in which a short placeholder such as `EMPTY` or `test` may stand by right.
  func removed(fromName name: String) -> String {
    secret.utf8.count < Self.shortestSecret ? name : removed(from: name)
  }

  /// Providers' keys are longer.
  private static let shortestSecret = 16
}
