// The base URL of an OpenAI-compatible server, checked before anything is sent.

import Foundation
import NIOCore
import StrictJSON

/// Where a server is: `http://HOST:PORT/v1`.
public struct EndpointAddress: Sendable {
  /// Why a URL is refused.
  public enum Fault: Error, CustomStringConvertible {
    case notAURL(String)
    case scheme(String)
    case holdsCredentials
    case holdsQuery

    public var description: String {
      switch self {
      case .notAURL(let text):
        "\(text.printable(limit: 80)): must be a URL such as http://127.0.0.1:8000/v1"
      case .scheme(let scheme): "\(scheme.printable(limit: 20)): must be http or https"
      case .holdsCredentials:
        "the URL holds a user name or password; keys come from the environment or a file"
      case .holdsQuery: "the URL must have neither ? nor #"
      }
    }
  }

  /// Without a slash at its end.
  public let text: String
  public let host: String
  public let port: Int
  public let isEncrypted: Bool

  public init(_ argument: String) throws(Fault) {
    guard argument.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }),
      let parts = URLComponents(string: argument), let scheme = parts.scheme,
      let host = parts.host, !host.isEmpty
    else { throw .notAURL(argument) }
    guard ["http", "https"].contains(scheme.lowercased()) else { throw .scheme(scheme) }
    guard parts.user == nil, parts.password == nil else { throw .holdsCredentials }
    guard parts.query == nil, parts.fragment == nil else { throw .holdsQuery }
    guard (1...65535).contains(parts.port ?? 80) else { throw .notAURL(argument) }
    text = String(argument.reversed().drop { $0 == "/" }.reversed())
    self.host = host.trimmingCharacters(in: ["[", "]"])
    isEncrypted = scheme.lowercased() == "https"
    port = parts.port ?? (isEncrypted ? 443 : 80)
  }

  /// Whether the server runs on this machine, as far as its address tells.
  public var isLocal: Bool {
    if host.lowercased() == "localhost" || host.hasPrefix("127.") || host == "::1" { return true }
    guard let devices = try? System.enumerateDevices() else { return false }
    return devices.contains { $0.address?.ipAddress == host }
  }
}

extension String {
  /// For messages and documents: nothing that could break, colour or reverse a line.
  package func printable(limit: Int) -> String { escapedForMessage(limit: limit) }
}
