// What a server says beside a status that is no success.

import StrictJSON

enum ErrorBody {
  /// The message of an OpenAI or FastAPI error, else the beginning of the body.
  static func message(_ bytes: [UInt8], clean: (String) -> String) -> String {
    let limits = JSONLimits(bytes: EndpointLimits.errorBody, depth: EndpointLimits.jsonDepth)
    if let value = try? JSONValue(parsing: bytes, limits: limits) {
      let message =
        value["error"]?["message"]?.string ?? value["error"]?.string ?? value["detail"]?.string
        ?? value["message"]?.string
      if let message { return clean(message) }
    }
    guard !bytes.isEmpty else { return "no body" }
    return clean(String(decoding: bytes, as: UTF8.self))
  }
}
