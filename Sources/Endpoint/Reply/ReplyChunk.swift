// What one JSON document of a reply says: text, an end, a count, an error.

import StrictJSON

/// The server's counts, checked.
struct Usage: Equatable {
  var prompt: Int?
  var cached: Int?
  var output: Int?
  /// Output tokens that were thought and not shown.
  var reasoning: Int?
}

/// One event of a stream, or a whole reply.
struct ReplyChunk {
  var answerBytes = 0
  var reasoningBytes = 0
  var hasOtherChoice = false
  var finishReason: String?
  var usage: Usage?
  var model: String?

  var hasText: Bool { answerBytes + reasoningBytes > 0 }

  /// - Parameters:
  ///   - bytes: One JSON document.
  ///   - event: Its number, for messages.
  ///   - key: What must not be repeated, taken out before anything is cut short.
  init(parsing bytes: [UInt8], event: Int, key: APIKey? = nil) throws(RequestFault) {
    let value: JSONValue
    do throws(JSONError) {
      value = try JSONValue(
        parsing: bytes,
        limits: JSONLimits(
          bytes: EndpointLimits.document, depth: EndpointLimits.jsonDepth,
          acceptsLoneSurrogates: true, values: 1 << 20))
    } catch {
      let beginning = Self.beginning(bytes, without: key)
      throw .invalidJSON(
        event: event, rule: "\(error)", beginning: beginning.quotedForMessage(limit: 120))
    }
    guard let object = value.object else {
      throw .invalidReply(event: event, "must be an object, is \(value.kind)")
    }
    try self.init(object, event: event, key)
  }

  private static func beginning(_ bytes: [UInt8], without key: APIKey?) -> String {
    let shown = 80
    guard let key else { return String(decoding: bytes.prefix(shown), as: UTF8.self) }
    let text = String(decoding: bytes.prefix(shown + APIKey.longest), as: UTF8.self)
    return String(decoding: key.removed(from: text).utf8.prefix(shown), as: UTF8.self)
  }

  private init(_ object: JSONObject, event: Int, _ key: APIKey?) throws(RequestFault) {
    if let error = object["error"], !error.isNull {
      let message = error["message"]?.string ?? error.string ?? "an error without a message"
      let clean = key?.removed(from: message) ?? message
      throw .serverError(clean.printable(limit: EndpointLimits.shownOfError))
    }
    model = object["model"]?.string.map { key?.removed(fromName: $0) ?? $0 }
    if let usage = object["usage"], !usage.isNull { self.usage = try Usage(usage) }
    guard let choices = object["choices"], !choices.isNull else { return }
    guard let list = choices.array else {
      throw .invalidReply(event: event, "choices must be an array, is \(choices.kind)")
    }
    for choice in list {
      guard let members = choice.object else {
        throw .invalidReply(event: event, "a choice must be an object, is \(choice.kind)")
      }
      try add(members, event, key)
    }
  }

  private mutating func add(
    _ choice: JSONObject, _ event: Int, _ key: APIKey?
  ) throws(RequestFault) {
    if let index = choice["index"], !index.isNull {
      guard let number = index.number?.wholeInt else {
        throw .invalidReply(event: event, "index must be a number, is \(index.kind)")
      }
      guard number == 0 else {
        hasOtherChoice = true
        return
      }
    }
    if let reason = choice["finish_reason"], !reason.isNull {
      guard let text = reason.string else {
        throw .invalidReply(event: event, "finish_reason must be a string, is \(reason.kind)")
      }
      finishReason = (key?.removed(fromName: text) ?? text).printable(limit: 40)
    }
    answerBytes += try Self.length(choice["text"], "text", event)
    for key in ["delta", "message"] {
      guard let delta = choice[key], !delta.isNull else { continue }
      guard let members = delta.object else {
        throw .invalidReply(event: event, "\(key) must be an object, is \(delta.kind)")
      }
      try add(delta: members, event)
    }
  }

  private mutating func add(delta: JSONObject, _ event: Int) throws(RequestFault) {
    answerBytes += try Self.length(delta["content"], "content", event)
    answerBytes += try Self.length(delta["refusal"], "refusal", event)
    // Servers that send both names send the same text twice.
    let reasoning = try Self.length(delta["reasoning_content"], "reasoning_content", event)
    reasoningBytes +=
      reasoning > 0 ? reasoning : try Self.length(delta["reasoning"], "reasoning", event)
    for call in delta["tool_calls"]?.array ?? [] {
      let arguments = call["function"]?["arguments"]?.string?.utf8.count ?? 0
      answerBytes += max(arguments, call["function"]?["name"]?.string?.utf8.count ?? 0)
    }
  }

  private static func length(
    _ value: JSONValue?, _ name: String, _ event: Int
  ) throws(RequestFault) -> Int {
    guard let value, !value.isNull else { return 0 }
    guard let text = value.string else {
      throw .invalidReply(event: event, "\(name) must be a string, is \(value.kind)")
    }
    return text.utf8.count
  }
}

extension Usage {
  /// More than any reply has; a larger count is nonsense.
  private static let most = 1 << 30

  init(_ value: JSONValue) throws(RequestFault) {
    guard let object = value.object else {
      throw .invalidUsage("must be an object, is \(value.kind)")
    }
    prompt = try Self.count(object["prompt_tokens"], "prompt_tokens")
    output = try Self.count(object["completion_tokens"], "completion_tokens")
    cached = try Self.count(
      object["prompt_tokens_details"]?["cached_tokens"], "cached_tokens")
    reasoning = try Self.count(
      object["completion_tokens_details"]?["reasoning_tokens"], "reasoning_tokens")
  }

  private static func count(_ value: JSONValue?, _ name: String) throws(RequestFault) -> Int? {
    guard let value, !value.isNull else { return nil }
    guard let number = value.number else {
      throw .invalidUsage("\(name) must be a number, is \(value.kind)")
    }
    guard let count = number.wholeInt, (0...most).contains(count) else {
      throw .invalidUsage("\(name) is \(number.text.printable(limit: 40)), which is no count")
    }
    return count
  }
}
