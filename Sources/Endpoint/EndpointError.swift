// What ends a whole run: more requests would say the same.

/// Why a server was not measured any further.
public enum EndpointError: Error, Equatable {
  case refused(status: Int, message: String)
  case notFound(status: Int, url: String, message: String)
  case redirected(status: Int, location: String)
  case unusableModelList(String)
  case noModel
  case unreachable(String)
  case cannotStart(String)
  case cancelled
}

extension EndpointError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .refused(let status, let message):
      "the server refuses access (status \(status)): \(message)"
    case .notFound(let status, let url, let message):
      "\(url): status \(status)"
        + (url.contains("/v1/") ? "" : " (most servers' URL ends in /v1)") + ": \(message)"
    case .redirected(let status, let location):
      "the server redirects (status \(status)) to \(location), which is not followed: give the final URL"
    case .unusableModelList(let rule): "/models: \(rule); --model names one"
    case .noModel: "/models lists no model; --model names one"
    case .unreachable(let reason): reason
    case .cannotStart(let reason): reason
    case .cancelled: "interrupted"
    }
  }
}
