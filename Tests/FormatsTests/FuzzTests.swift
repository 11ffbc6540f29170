// Thousands of damaged checkpoints: each is refused with one clean line or opens and can be read to the last byte.

import Foundation
import Inference
import StrictJSON
import TestSupport
import Testing

/// `MOEBENCH_FUZZ` damages a kind of file that many times; `MOEBENCH_FUZZ_SEED` starts elsewhere.
@Suite struct FuzzTests {
  private static let count = number("MOEBENCH_FUZZ") ?? 600
  private static let firstSeed = number("MOEBENCH_FUZZ_SEED") ?? 1

  private static func number(_ name: String) -> Int? {
    ProcessInfo.processInfo.environment[name].flatMap { Int($0) }
  }

  private static let header = """
    {"__metadata__":{"format":"pt"},"a.weight":{"dtype":"F32","shape":[2,4],"data_offsets":[0,32]},\
    "b":{"dtype":"BF16","shape":[3],"data_offsets":[32,38]},"c":{"dtype":"U8","shape":[],\
    "data_offsets":[38,39]},"d":{"dtype":"F8_E4M3","shape":[0,7],"data_offsets":[39,39]}}
    """
  private static let index = """
    {"metadata":{"total_size":39},"weight_map":{"a.weight":"m-1.safetensors","b":"m-1.safetensors",\
    "c":"m-1.safetensors","d":"m-1.safetensors"}}
    """
  private static let config = """
    {"model_type":"qwen3_moe","hidden_size":32,"num_hidden_layers":2,"num_attention_heads":4,\
    "num_key_value_heads":2,"head_dim":16,"num_experts":8,"num_experts_per_tok":2,\
    "moe_intermediate_size":16,"intermediate_size":40,"vocab_size":100,"rms_norm_eps":1e-06,\
    "rope_theta":1000000.0,"rope_scaling":{"type":"yarn","factor":4.0,\
    "original_max_position_embeddings":64},"tie_word_embeddings":false,"norm_topk_prob":true,\
    "mlp_only_layers":[0],"decoder_sparse_step":1,"time":[0.0,Infinity]}
    """

  /// Runs `body` over seeds; `body` fills the folder, the checkpoint at `path` in it is then tried.
  private func fuzz(
    _ path: String, fill: (TemporaryFolder, inout Mutator) throws -> Void
  ) throws {
    let folder = try TemporaryFolder()
    var opened = 0
    for seed in Self.firstSeed..<(Self.firstSeed + Self.count) {
      var mutator = Mutator(seed: UInt64(seed))
      try fill(folder, &mutator)
      let start = Self.threadSeconds()
      if Self.survives(folder.file(path), seed) { opened += 1 }
      #expect(Self.threadSeconds() - start < 5, "seed \(seed)")
    }
    #expect(opened < Self.count, "no damage was noticed")
  }

  /// Processor time of this thread: what others take of a busy machine does not count.
  private static func threadSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
  }

  /// Opens and reads the checkpoint; whether it was accepted.
  private static func survives(_ path: String, _ seed: Int) -> Bool {
    isAccepted(seed) {
      let checkpoint = try Checkpoint(path: path)
      var sum = 0
      for name in checkpoint.tensorNames.prefix(1000) {
        let tensor = try checkpoint.tensor(named: name)
        sum &+= tensor?.bytes.reduce(0) { $0 &+ Int($1) } ?? 0
        if tensor == nil || checkpoint.description(ofTensor: name) == nil {
          Issue.record("seed \(seed): \(name) is listed and not there")
        }
      }
      _ = try checkpoint.config.text()
      _ = try? Architectures.describe(checkpoint.config, hasTensor: checkpoint.holds)
    }
  }

  /// Whether the body throws nothing; what it throws must be one clean line.
  private static func isAccepted(_ seed: Int, _ body: () throws -> Void) -> Bool {
    do {
      try body()
      return true
    } catch {
      let line = "\(error)"
      if line.utf8.count > 300 || line.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) {
        Issue.record("seed \(seed): \(line.debugDescription)")
      }
      return false
    }
  }

  @Test("damaged safetensors files are refused in one line or read to the end")
  func safetensors() throws {
    try fuzz("") { folder, mutator in
      try folder.write("config.json", "{}")
      try folder.write("model.safetensors", mutator.safetensors(header: Self.header, data: 39))
    }
  }

  @Test("damaged indexes are refused in one line or read to the end")
  func indexes() throws {
    try fuzz("") { folder, mutator in
      try folder.write("config.json", "{}")
      try folder.write("m-1.safetensors", FormatsTests.safetensors(Self.header, data: 39))
      let text = mutator.json(Self.index)
      try folder.write(
        "model.safetensors.index.json",
        mutator.random.below(3) == 0 ? mutator.bytes(Array(text.utf8)) : Array(text.utf8))
    }
  }

  @Test("damaged configurations are refused in one line or read")
  func configurations() throws {
    try fuzz("") { folder, mutator in
      let text = mutator.json(Self.config)
      try folder.write(
        "config.json",
        mutator.random.below(4) == 0 ? mutator.bytes(Array(text.utf8)) : Array(text.utf8))
      try folder.write("model.safetensors", FormatsTests.safetensors(Self.header, data: 39))
    }
  }

  @Test("damaged GGUF files are refused in one line or read to the end")
  func gguf() throws {
    let original = GGUFBuilder.smallest()
    try fuzz("m.gguf") { folder, mutator in
      try folder.write("m.gguf", mutator.gguf(original))
    }
  }

  @Test("damaged GGUF files of every family are refused in one line or read to the end")
  func families() throws {
    let originals = try CheckpointFixtures.names(with: "model-f32.gguf").map {
      Array(
        try Data(contentsOf: URL(fileURLWithPath: CheckpointFixtures.path($0, "model-f32.gguf"))))
    }
    try fuzz("m.gguf") { folder, mutator in
      try folder.write("m.gguf", mutator.bytes(mutator.random.pick(originals)))
    }
  }

  @Test("damaged configurations of every family are refused in one line or read")
  func familyConfigurations() throws {
    let originals = try CheckpointFixtures.names.map {
      try String(contentsOfFile: CheckpointFixtures.path($0, "config.json"), encoding: .utf8)
    }
    try fuzz("") { folder, mutator in
      try folder.write("config.json", mutator.json(mutator.random.pick(originals)))
      try folder.write("model.safetensors", FormatsTests.safetensors(Self.header, data: 39))
    }
  }

  @Test("damaged models of every family are refused or run")
  func models() throws {
    let originals = try CheckpointFixtures.names.map { name in
      let folder = CheckpointFixtures.path(name)
      return (
        config: try String(contentsOfFile: folder + "/config.json", encoding: .utf8),
        weights: Array(
          try Data(contentsOf: URL(fileURLWithPath: folder + "/model.safetensors")))
      )
    }
    let folder = try TemporaryFolder()
    var ran = 0
    for seed in Self.firstSeed..<(Self.firstSeed + Self.count / 3) {
      var mutator = Mutator(seed: UInt64(seed))
      let (config, weights) = mutator.random.pick(originals)
      let damagesData = mutator.random.below(3) == 0
      try folder.write("config.json", damagesData ? config : mutator.json(config))
      try folder.write("model.safetensors", damagesData ? mutator.numbers(weights) : weights)
      let start = Self.threadSeconds()
      if Self.runs(folder.path, seed) { ran += 1 }
      #expect(Self.threadSeconds() - start < 5, "seed \(seed)")
    }
    #expect(ran > 0)
  }

  /// Loads a model and runs two tokens through it; whether it was accepted.
  private static func runs(_ path: String, _ seed: Int) -> Bool {
    isAccepted(seed) {
      let checkpoint = try Checkpoint(path: path)
      let description = try Architectures.describe(checkpoint)
      try CheckpointAudit.check(description, checkpoint)
      let decoder = try Decoder(
        description, weights: CheckpointWeights(checkpoint),
        options: DecoderOptions(threads: 1, positions: 8, batch: 4, exact: seed % 2 == 0))
      let found = try Evaluation(decoder, tokens: [1, 2], chunk: 2, greedy: 2)
      let experts = found.routing.flatMap(\.experts)
      #expect(experts.allSatisfy { $0 >= 0 && $0 < 65536 }, "seed \(seed)")
    }
  }
}
