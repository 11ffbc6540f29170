// Weights that are not numbers, zero, or too small to be normal.

import Foundation
import Inference
import TestSupport
import Testing

@Suite struct PoisonTests {
  @Test("a weight that is not a number is an error and never a score", arguments: Fixture.names)
  func nan(_ name: String) throws {
    let copy = try CheckpointCopy(name)
    for (module, tensors) in copy.floatTensors {
      try copy.fill(tensors, .nan)
      defer { copy.restore(tensors) }
      do {
        _ = try copy.evaluate()
        Issue.record("\(module): scores without a complaint")
      } catch EngineError.nonFinite {
      } catch {
        Issue.record("\(module): \(error)")
      }
    }
  }

  @Test(
    "weights of zero and subnormal weights run, and run alike", arguments: Fixture.names,
    [CheckpointCopy.Filling.zero, .subnormal])
  func small(_ name: String, _ filling: CheckpointCopy.Filling) throws {
    let copy = try CheckpointCopy(name)
    try copy.fill(copy.floatTensors.flatMap(\.tensors), filling)
    let one = try copy.evaluate()
    let two = try copy.evaluate()
    #expect(one.logits == two.logits && one.greedy == two.greedy)
    #expect(one.routing.map(\.experts) == two.routing.map(\.experts))
  }
}

/// A fixture in a folder of its own, whose weights can be overwritten.
final class CheckpointCopy {
  enum Filling: Sendable { case nan, zero, subnormal }

  private let fixture: Fixture
  private let folder: ScratchFolder
  private let original: Data
  private var data: Data
  /// Tensors of floating-point numbers; the experts of a layer count as one.
  let floatTensors: [(module: String, tensors: [StoredTensor])]

  init(_ name: String) throws {
    fixture = try Fixture(name)
    folder = try ScratchFolder()
    let source = URL(fileURLWithPath: fixture.checkpoint.path)
    for file in ["config.json", "model.safetensors"] {
      try FileManager.default.copyItem(
        at: source.appendingPathComponent(file), to: folder.url.appendingPathComponent(file))
    }
    original = try Data(contentsOf: source.appendingPathComponent("model.safetensors"))
    data = original
    var modules: [String: [StoredTensor]] = [:]
    for name in fixture.checkpoint.tensorNames {
      guard let tensor = try fixture.checkpoint.tensor(named: name),
        tensor.type.pattern(.nan) != nil
      else { continue }
      let module = name.replacing(/experts\.\d+\./) { _ in "experts.*." }
      modules[module, default: []].append(tensor)
    }
    floatTensors = modules.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  func fill(_ tensors: [StoredTensor], _ filling: Filling) throws {
    for tensor in tensors {
      let pattern = tensor.type.pattern(filling) ?? [0]
      let size = tensor.bytes.count
      let bytes = (0..<size).map { pattern[$0 % pattern.count] }
      data.replaceSubrange(tensor.offset..<(tensor.offset + size), with: bytes)
    }
    try folder.file("model.safetensors", bytes: data)
  }

  func restore(_ tensors: [StoredTensor]) {
    for tensor in tensors {
      let range = tensor.offset..<(tensor.offset + tensor.bytes.count)
      data.replaceSubrange(range, with: original[range])
    }
  }

  func evaluate() throws -> Evaluation {
    let checkpoint = try Checkpoint(path: folder.path)
    let decoder = try fixture.decoder(weights: CheckpointWeights(checkpoint))
    return try Evaluation(decoder, tokens: fixture.a, chunk: 16, greedy: 4)
  }
}

extension TensorType {
  /// The bytes of one number; nil for types that are not floating-point numbers.
  fileprivate func pattern(_ filling: CheckpointCopy.Filling) -> [UInt8]? {
    switch (self, filling) {
    case (.f32, .nan): [0, 0, 0xC0, 0x7F]
    case (.bf16, .nan): [0xC0, 0x7F]
    case (.f16, .nan): [0, 0x7E]
    case (.f8_e4m3, .nan): [0x7F]
    case (.f8_e8m0, .nan): [0xFF]
    case (.f32, .subnormal): [1, 2, 0, 0]
    case (.bf16, .subnormal), (.f16, .subnormal): [3, 0]
    case (.f8_e4m3, .subnormal): [1]
    case (.f32, .zero): [0, 0, 0, 0]
    case (.bf16, .zero), (.f16, .zero): [0, 0]
    case (.f8_e4m3, .zero), (.f8_e8m0, .zero), (.f8_e8m0, .subnormal): [0]
    default: nil
    }
  }
}
