// Bounds the bytes of a reply before its head is complete: SwiftNIO's own limit is 2 MiB.

import NIOCore
import NIOHTTP1

/// Counts the bytes of heads as they arrive; sits before the HTTP decoder.
final class HeadLimit: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private var count = 0
  fileprivate var isInHead = true

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if isInHead {
      count += unwrapInboundIn(data).readableBytes
      // What comes in one read may hold the body's beginning too, but no read is this large.
      if count > EndpointLimits.heads {
        context.fireErrorCaught(RequestFault.headsTooLarge)
        context.close(promise: nil)
        return
      }
    }
    context.fireChannelRead(data)
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    count = 0
    isInHead = true
    context.write(data, promise: promise)
  }

  /// Puts the limit into a connection's pipeline.
  static func add(to channel: any Channel) -> EventLoopFuture<Void> {
    channel.eventLoop.submit {
      let pipeline = channel.pipeline.syncOperations
      let limit = HeadLimit()
      let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPResponseDecoder>.self)
      try pipeline.addHandler(limit, position: .before(decoder))
      try pipeline.addHandler(HeadEnd(limit), position: .after(decoder))
    }
  }
}

/// Tells the limit that a head is complete; sits after the HTTP decoder.
private final class HeadEnd: ChannelInboundHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias InboundOut = HTTPClientResponsePart

  private let limit: HeadLimit

  init(_ limit: HeadLimit) { self.limit = limit }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    // Heads that only inform (1xx) are followed by the one that counts.
    if case .head(let head) = unwrapInboundIn(data), head.status.code >= 200 {
      limit.isInHead = false
    }
    context.fireChannelRead(data)
  }
}
