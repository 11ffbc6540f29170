// A small server inside the test: each request is answered with the bytes of a script, whatever they are.

import Foundation
import NIOCore
import NIOPosix
import StrictJSON
import Synchronization

/// What to do with a connection, one step after the other.
enum Step: Sendable {
  case send(String)
  case bytes([UInt8])
  case wait(Double)
  case close
  /// Reset in place of an orderly end.
  case reset
}

/// Listens on a free port of the loopback address until it is shut down.
final class ScriptedServer: Sendable {
  /// What arrived: the head of each request, as text.
  let heads = Mutex<[String]>([])
  private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  private let channel: any Channel
  let port: Int

  /// - Parameter script: Called with the number of the request, from 0, and its whole text.
  init(_ script: @escaping @Sendable (Int, String) -> [Step]) throws {
    let numbers = Atomic<Int>(0)
    let log = Mutex<(@Sendable (String) -> Void)?>(nil)
    let shared = Shared(numbers: numbers, log: log)
    channel = try ServerBootstrap(group: group)
      .serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.submit {
          try channel.pipeline.syncOperations.addHandler(ScriptHandler(shared, script))
        }
      }
      .bind(host: "127.0.0.1", port: 0).wait()
    port = channel.localAddress?.port ?? 0
    shared.log.withLock { log in
      log = { [weak self] head in self?.heads.withLock { $0.append(head) } }
    }
  }

  var url: String { "http://127.0.0.1:\(port)/v1" }

  deinit {
    channel.close(promise: nil)
    group.shutdownGracefully { _ in }
  }

  final class Shared: Sendable {
    let numbers: Atomic<Int>
    let log: Mutex<(@Sendable (String) -> Void)?>

    init(numbers: consuming Atomic<Int>, log: consuming Mutex<(@Sendable (String) -> Void)?>) {
      self.numbers = numbers
      self.log = log
    }
  }
}

/// Reads a request to its end, then plays the script.
private final class ScriptHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let shared: ScriptedServer.Shared
  private let script: @Sendable (Int, String) -> [Step]
  private var received: [UInt8] = []

  init(
    _ shared: ScriptedServer.Shared, _ script: @escaping @Sendable (Int, String) -> [Step]
  ) {
    self.shared = shared
    self.script = script
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    received += unwrapInboundIn(data).readableBytesView
    let text = String(decoding: received, as: UTF8.self)
    guard let end = text.range(of: "\r\n\r\n") else { return }
    let head = String(text[..<end.lowerBound])
    let length =
      head.lowercased().split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
      .flatMap { Int($0.dropFirst("content-length:".count).filter { $0 != " " }) } ?? 0
    guard received.count >= head.utf8.count + 4 + length else { return }
    received = []
    shared.log.withLock { $0 }?(head)
    let number = shared.numbers.add(1, ordering: .relaxed).oldValue
    play(script(number, text)[...], NIOLoopBound(context, eventLoop: context.eventLoop))
  }

  private func play(
    _ steps: ArraySlice<Step>, _ bound: NIOLoopBound<ChannelHandlerContext>
  ) {
    let context = bound.value
    guard let step = steps.first else { return }
    let rest = steps.dropFirst()
    let this = NIOLoopBound(self, eventLoop: context.eventLoop)
    switch step {
    case .send(let text):
      context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
      play(rest, bound)
    case .bytes(let bytes):
      context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
      play(rest, bound)
    case .wait(let seconds):
      context.eventLoop.scheduleTask(in: .nanoseconds(Int64(seconds * 1e9))) {
        this.value.play(rest, bound)
      }
    case .close: context.close(promise: nil)
    case .reset:
      let channel = context.channel
      guard let socket = channel as? any SocketOptionProvider else { return }
      socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in
        channel.close(promise: nil)
      }
    }
  }
}

/// Replies in the format of OpenAI.
enum Reply {
  static let streamHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"

  static func chunk(_ text: String) -> Step {
    .send("\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n")
  }

  static let end = Step.send("0\r\n\r\n")

  static func text(_ text: String) -> String {
    "data: {\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\(text)\"}}]}\n\n"
  }

  static func usage(prompt: Int = 10, _ output: Int) -> String {
    "data: {\"model\":\"m\",\"choices\":[],\"usage\":{\"prompt_tokens\":\(prompt),\"completion_tokens\":\(output)}}\n\n"
  }

  static let finish =
    "data: {\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"length\"}]}\n\n"
  static let done = "data: [DONE]\n\n"

  /// A sound stream of so many tokens.
  static func stream(tokens: Int, first: Double = 0.02, gap: Double = 0.005) -> [Step] {
    var steps: [Step] = [.send(streamHead), .wait(first)]
    for token in 0..<tokens {
      if token > 0 { steps.append(.wait(gap)) }
      steps.append(chunk(text("ab ")))
    }
    return steps + [chunk(finish + usage(tokens) + done), end]
  }

  static func plain(
    _ status: String, _ body: String, type: String = "application/json", extra: String = ""
  ) -> [Step] {
    [
      .send(
        "HTTP/1.1 \(status)\r\nContent-Type: \(type)\r\n\(extra)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
      )
    ]
  }
}
