// The client against a server that misbehaves in one way at a time; only where a timeout is the point are times short.

import Endpoint
import Foundation
import Measurement
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(5))) struct ClientTests {
  private func settings(_ server: ScriptedServer, key: String? = nil) throws -> EndpointSettings {
    var settings = EndpointSettings(address: try EndpointAddress(server.url), model: "m")
    settings.key = key.flatMap(APIKey.init)
    // On a busy machine a thread may wait for seconds.
    settings.timeouts.connect = 10
    settings.timeouts.firstToken = 10
    settings.timeouts.idle = 10
    settings.timeouts.total = 30
    return settings
  }

  private func send(
    _ settings: EndpointSettings, tokens: Int = 4
  ) async throws -> ServedRequest {
    let client = EndpointClient(settings)
    let prompt = Prompt(text: "hello", maximumTokens: tokens)
    let result: Result<ServedRequest?, any Error>
    do { result = .success(try await client.send(prompt)) } catch { result = .failure(error) }
    await client.shutdown()
    return try #require(try result.get())
  }

  private func failure(_ steps: [Step], _ code: String) async throws -> ServedRequest.Failure {
    let server = try ScriptedServer { _, _ in steps }
    var settings = try settings(server)
    if code == "first_token_timeout" { settings.timeouts.firstToken = 0.3 }
    if code == "idle_timeout" { settings.timeouts.idle = 0.2 }
    let request = try await send(settings)
    return try #require(request.failure)
  }

  @Test("a stream's tokens are the server's count, its first text the time to first token")
  func stream() async throws {
    let server = try ScriptedServer { _, _ in Reply.stream(tokens: 4, first: 0.05) }
    let request = try await send(settings(server))
    #expect(request.failure == nil)
    #expect(request.outputTokens == 4)
    #expect(request.promptTokens == 10)
    #expect(request.tokenSource == .usage)
    #expect(request.gaps.count == 3)
    let first = try #require(request.firstToken)
    #expect(first >= 0.05 && first < request.end)
  }

  @Test(
    "a key stands in no field of a request and in no message, not even a piece of it where text is cut",
    arguments: [
      #"{"model": "KEY", "choices": [{"delta": {"content": "a"}, "finish_reason": "KEY"}]}"#,
      #"{"error": {"message": "PADPADPADKEY"}}"#, #"{"xxPADKEY": no}"#,
      #"{"choices": {"KEY": 1}}"#,
    ])
  func keyIsNowhere(event: String) async throws {
    let key = "sk-0123456789abcdef0123"
    let padding = String(repeating: "x", count: 63)
    let text = event.replacing("KEY", with: key).replacing("PAD", with: padding)
    let server = try ScriptedServer { _, _ in
      [.send(Reply.streamHead), Reply.chunk("data: \(text)\n\n" + Reply.done), Reply.end]
    }
    let request = try await send(settings(server, key: key))
    let told = [request.model, request.finishReason, request.failure?.message].compactMap { $0 }
    #expect(told.allSatisfy { !$0.contains("sk-01") }, "\(told)")
    // A placeholder that servers without keys are given is no secret, and part of many a name.
    let named = try ScriptedServer { _, _ in Reply.stream(tokens: 1) }
    #expect(try await send(settings(named, key: "m")).model == "m")
  }

  @Test("a list of models that repeats the key names none")
  func keyAsModel() async throws {
    let key = "sk-0123456789abcdef0123"
    let server = try ScriptedServer { _, _ in
      Reply.plain("200 OK", "{\"data\": [{\"id\": \"\(key)\"}]}")
    }
    let client = EndpointClient(try settings(server, key: key))
    await #expect(throws: EndpointError.self) { try await client.models() }
    await client.shutdown()
  }

  @Test("a key is sent as a bearer token and appears in no message, though the server repeats it")
  func keyIsSent() async throws {
    let server = try ScriptedServer { _, text in
      Reply.plain(
        "500 No",
        "{\"error\":{\"message\":\"\(text.contains("Bearer sk-1-secret") ? "got sk-1-secret" : "none")\"}}"
      )
    }
    let request = try await send(settings(server, key: "sk-1-secret"))
    #expect(request.failure?.message == "status 500: got [key]")
  }

  @Test(
    "a refusal, an unknown place and a redirect end the run, and nothing goes elsewhere",
    arguments: ["401 No", "403 No", "404 No", "302 Found", "307 Temporary Redirect"])
  func stops(status: String) async throws {
    let other = try ScriptedServer { _, _ in Reply.stream(tokens: 1) }
    let target = other.url
    let server = try ScriptedServer { _, _ in
      Reply.plain(status, "{\"detail\":\"why\"}", extra: "Location: \(target)/chat/completions\r\n")
    }
    await #expect(throws: EndpointError.self) { try await send(settings(server, key: "k")) }
    #expect(other.heads.withLock { $0.isEmpty })
  }

  static let broken: [(String, [Step])] = {
    let head = Reply.streamHead
    let token = Reply.chunk(Reply.text("a"))
    return [
      ("connection_reset", [.send(head), token, .wait(0.02), .reset]),
      ("truncated", [.send(head), token, .wait(0.02), .close]),
      ("truncated", [.close]),
      ("truncated", [.send("HTTP/1.1 200 OK\r\nContent-Ty"), .wait(0.02), .close]),
      ("incomplete", [.send(head), token, Reply.end]),
      ("idle_timeout", [.send(head), token]),
      ("first_token_timeout", [.send(head)]),
      ("first_token_timeout", []),
      ("malformed_http", [.send("HTTP/1.1 banana\r\n\r\n")]),
      ("malformed_http", [.send(head + "zz\r\n")]),
      ("first_token_timeout", [.send(head + "ffffffffffffffff\r\n")]),
      ("no_body", [.send("HTTP/1.1 204 No Content\r\n\r\n")]),
      ("content_type", Reply.plain("200 OK", "<html>", type: "text/html")),
      (
        "content_encoding",
        Reply.plain("200 OK", "x", type: "text/event-stream", extra: "Content-Encoding: gzip\r\n")
      ),
      (
        "http_500", Reply.plain("500 No", String(repeating: "A", count: 1 << 20), type: "text/html")
      ),
      ("invalid_json", [.send(head), Reply.chunk("data: {nonsense\n\n"), Reply.end]),
      (
        "invalid_json",
        [
          .send(head), Reply.chunk("data: " + String(repeating: "[", count: 100_000) + "\n\n"),
          Reply.end,
        ]
      ),
      ("invalid_reply", [.send(head), Reply.chunk("data: {\"choices\":{}}\n\n"), Reply.end]),
      (
        "server_error",
        [.send(head), Reply.chunk("data: {\"error\":{\"message\":\"no memory\"}}\n\n"), Reply.end]
      ),
      (
        "line_too_long",
        [.send(head), Reply.chunk("data: " + String(repeating: "A", count: 2 << 20))]
      ),
      (
        "headers_too_large",
        [.send("HTTP/1.1 200 OK\r\n")]
          + (0..<40).map { .send("X-\($0): \(String(repeating: "p", count: 8000))\r\n") }
      ),
      (
        "idle_timeout",
        [
          .send(
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 9223372036854775808\r\n\r\n"
              + Reply.text("a") + Reply.done)
        ]
      ),
    ]
  }()

  @Test("each way to fail is named", arguments: broken.indices)
  func failures(index: Int) async throws {
    let (code, steps) = Self.broken[index]
    let failure = try await failure(steps, code)
    #expect(failure.code == code, "\(failure.message)")
    #expect(failure.message.utf8.count < 400)
    #expect(failure.message.unicodeScalars.allSatisfy { $0.value >= 0x20 })
  }

  @Test("a reply that never ends is cut at the time allowed in all")
  func total() async throws {
    var steps: [Step] = [.send(Reply.streamHead)]
    for _ in 0..<200 { steps += [.wait(0.02), Reply.chunk(": ping\n\n")] }
    let (server, all) = (try ScriptedServer { [steps] _, _ in steps }, 0.4)
    var settings = try settings(server)
    settings.timeouts.total = all
    let request = try await send(settings)
    #expect(request.failure?.code == "total_timeout" && request.failure?.isTimeout == true)
  }

  @Test("after 503 it is asked again, and the wait is in no latency")
  func retries() async throws {
    let server = try ScriptedServer { number, _ in
      number == 0
        ? Reply.plain("503 Busy", "{}", extra: "Retry-After: 0.3\r\n") : Reply.stream(tokens: 2)
    }
    let clock = ContinuousClock()
    let start = clock.now
    let request = try await send(settings(server))
    let elapsed = (clock.now - start) / .seconds(1)
    #expect(request.retries == 1)
    #expect(request.retryWait == 0.3)
    #expect(request.end <= elapsed - 0.3)
  }

  @Test(
    "nobody waits for a Retry-After of years, and retries are bounded",
    arguments: ["999999999", "0"])
  func patience(after: String) async throws {
    let server = try ScriptedServer { _, _ in
      Reply.plain("429 Slow", "{}", extra: "Retry-After: \(after)\r\n")
    }
    let request = try await send(settings(server))
    #expect(request.failure?.code == "http_429" && request.failure?.isPutOff == true)
    #expect(request.retries == (after == "0" ? 3 : 0))
  }

  @Test("a whole document in place of a stream has no time to first token")
  func document() async throws {
    let body =
      "{\"choices\":[{\"index\":0,\"message\":{\"content\":\"one two\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}"
    let server = try ScriptedServer { _, _ in Reply.plain("200 OK", body) }
    let request = try await send(settings(server))
    #expect(request.failure == nil)
    #expect(request.firstToken == nil)
    #expect(request.outputTokens == 2)
    #expect(request.flags.contains(.notStreamed))
  }

  @Test("nothing listens: the reason is named at once")
  func refused() async throws {
    let server = try ScriptedServer { _, _ in [] }
    var settings = try settings(server)
    settings.address = try EndpointAddress("http://127.0.0.1:\(ClosedPort.number())/v1")
    let request = try await send(settings)
    #expect(request.failure?.code == "cannot_connect")
    #expect(request.failure?.isConnection == true && request.failure?.isTimeout == false)
  }

  @Test("a URL that lacks /v1 is guessed at where the server knows no such place")
  func lacksVersion() {
    func text(_ url: String) -> String {
      EndpointError.notFound(status: 404, url: url, message: "none").description
    }
    #expect(
      text("http://h:1/models")
        == "http://h:1/models: status 404 (most servers' URL ends in /v1): none")
    #expect(text("http://h:1/v1/models") == "http://h:1/v1/models: status 404: none")
  }

  @Test("names of models are read; hostile ones are refused with a printable reason")
  func models() async throws {
    let server = try ScriptedServer { number, _ in
      Reply.plain(
        "200 OK",
        number == 0
          ? "{\"data\":[{\"id\":\"a/b\"},{\"id\":\"c\"}]}"
          : "{\"data\":[{\"id\":\"x\\u001b[2J\"}]}")
    }
    let client = EndpointClient(try settings(server))
    #expect(try await client.models() == ["a/b", "c"])
    do {
      _ = try await client.models()
      Issue.record("the name was taken")
    } catch {
      #expect("\(error)".contains("data[0].id is no name"))
      #expect(!"\(error)".contains("\u{1B}"))
    }
    await client.shutdown()
  }
}
