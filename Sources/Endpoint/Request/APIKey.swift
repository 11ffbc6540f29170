// A secret: from the environment or a file into one header, and nowhere else.

/// An API key. It has no printable form, and is taken out of what a server says.
public struct APIKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible,
  CustomReflectable
{
  private let secret: String

  /// - Returns: nil where the text, without surrounding white space, is empty or cannot stand in a header.
  public init?(_ text: String) {
    let trimmed = text.drop(while: \.isWhitespace)
    let end = trimmed.lastIndex { !$0.isWhitespace }
    guard let end else { return nil }
    let key = String(trimmed[...end])
    guard key.utf8.count <= 8192, key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
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
}
