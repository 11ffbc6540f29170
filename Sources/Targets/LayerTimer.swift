// Times a decoder's layers one by one and adds up what each read.

import Inference
import Measurement

/// Each layer's seconds and bytes since the last reset.
final class LayerTimer {
  private let decoder: Decoder
  private let clock = SystemClock()
  private var seconds: [Double]
  private var cacheBytes: [Int]
  private var began = 0.0

  /// Installs itself at the decoder, which keeps no other observer of its layers.
  init(_ decoder: Decoder) {
    self.decoder = decoder
    let count = decoder.layerFootprints.count
    seconds = Array(repeating: 0, count: count)
    cacheBytes = Array(repeating: 0, count: count)
    decoder.layerBoundary = { [unowned self] in cross($0) }
  }

  func reset() {
    for layer in seconds.indices {
      seconds[layer] = 0
      cacheBytes[layer] = 0
    }
  }

  /// The layer of this index begins, and the one before it is done.
  private func cross(_ layer: Int) {
    let now = clock.now()
    if layer > 0 { seconds[layer - 1] += now - began }
    began = now
  }

  /// Adds what a pass over these positions of one sequence reads.
  func countCacheRead(at positions: Range<Int>) {
    for (layer, footprint) in decoder.layerFootprints.enumerated() {
      cacheBytes[layer] += decoder.cache.bytesRead(at: positions, mixers: footprint.mixers)
    }
  }

  var layers: [LayerWork] {
    let routing = decoder.routing
    var bytes = cacheBytes
    for (layer, footprint) in decoder.layerFootprints.enumerated() {
      bytes[layer] += routing.steps * footprint.sharedWeightBytes
    }
    for (shape, distinct) in zip(routing.shapes, routing.distinct) {
      bytes[shape.layer] += shape.bytesPerExpert * distinct
    }
    return zip(seconds, bytes).map { LayerWork(seconds: $0, bytesTouched: Double($1)) }
  }
}
