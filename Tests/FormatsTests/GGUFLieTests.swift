// GGUF files that are sound containers and say what no model of their architecture can be.

import Inference
import Testing

@Suite struct GGUFLieTests {
  private func opened(_ change: (inout GGUFBuilder) -> Void) throws -> Result<
    Checkpoint, CheckpointError
  > {
    var builder = GGUFBuilder.smallest()
    change(&builder)
    let folder = try TemporaryFolder()
    try folder.write("m.gguf", builder.bytes)
    return Result { () throws(CheckpointError) in try Checkpoint(path: folder.file("m.gguf")) }
  }

  private func place(_ change: (inout GGUFBuilder) -> Void) throws -> CheckpointError.Place? {
    guard case .failure(let error) = try opened(change) else { return nil }
    #expect(error.exitStatus == 65)
    return error.place
  }

  @Test(
    "a key that changes the answer and is not implemented is refused by its name",
    arguments: [
      ("attention.sliding_window", 8), ("expert_group_count", 3), ("expert_gating_func", 2),
      ("rope.dimension_count", 4), ("attention.value_length", 7), ("expert_shared_count", 1),
      ("leading_dense_block_count", 1), ("interleave_moe_layer_step", 2), ("vocab_size", 5),
      ("pooling_type", 1),
    ] as [(String, UInt32)])
  func integers(key: String, value: UInt32) throws {
    #expect(try place { $0.add("olmoe.\(key)", value) } == .field("olmoe.\(key)"))
  }

  @Test(
    "scales and caps that are not implemented are refused by their name",
    arguments: ["logit_scale", "attention.scale", "final_logit_softcapping", "residual_scale"])
  func floats(key: String) throws {
    #expect(try place { $0.add("olmoe.\(key)", Float(2)) } == .field("olmoe.\(key)"))
    #expect(try place { $0.add("olmoe.\(key)", Float.nan) } == .field("olmoe.\(key)"))
  }

  @Test(
    "values that do nothing are accepted",
    arguments: [
      ("attention.sliding_window", 0), ("expert_group_count", 1), ("expert_gating_func", 1),
      ("rope.dimension_count", 8), ("attention.value_length", 8), ("expert_shared_count", 0),
      ("vocab_size", 3), ("unheard_of", 7),
    ] as [(String, UInt32)])
  func neutral(key: String, value: UInt32) throws {
    #expect(try place { $0.add("olmoe.\(key)", value) } == nil)
  }

  @Test("a factor without a type stretches rotation linearly, under its old name too")
  func stretched() throws {
    for key in ["rope.scaling.factor", "rope.scale_linear"] {
      let config = try opened { $0.add("olmoe.\(key)", Float(4)) }.get().config
      #expect(config["rope_scaling"]?["rope_type"]?.string == "linear")
      #expect(config["rope_scaling"]?["factor"]?.double == 4)
    }
  }

  @Test("tensors of blocks the model does not have are refused")
  func blocks() throws {
    let name = "blk.1.attn_norm.weight"
    #expect(try place { $0.add(tensor: name, [32], bytes: 128) } == .tensor(name))
    // Nor does a count of extra layers make them some.
    var builder = GGUFBuilder.smallest()
    builder.pairs.remove(at: 1)
    builder.add("olmoe.block_count", UInt32(2))
    builder.add("olmoe.nextn_predict_layers", UInt32(1))
    builder.add(tensor: name, [32], bytes: 128)
    let bytes = builder
    #expect(try place { $0 = bytes } == .field("olmoe.nextn_predict_layers"))
  }

  @Test("a vocabulary of another size than the embedding is refused")
  func vocabulary() throws {
    let key = "tokenizer.ggml.tokens"
    func replace(_ builder: inout GGUFBuilder, _ tokens: [String]) {
      builder.pairs.removeLast()
      builder.add(key, tokens)
    }
    #expect(try place { replace(&$0, ["a", "b"]) } == .field(key))
    #expect(try place { replace(&$0, ["a", "b", "c", "d"]) } == .field(key))
  }

  @Test("what the engine refuses is told by the file's own keys and tensors")
  func words() throws {
    let many = try opened {
      $0.pairs.removeAll { String(decoding: $0, as: UTF8.self).contains("expert_used_count") }
      $0.add("olmoe.expert_used_count", UInt32(5))
    }.get()
    do {
      _ = try Architectures.describe(many)
      Issue.record("five experts of two were accepted")
    } catch {
      let refusal = try #require(many.refusal(error))
      #expect(refusal.place == .field("olmoe.expert_used_count"))
      #expect(!refusal.description.contains("config.json"))
    }
    let bare = try opened { _ in }.get()
    do {
      try CheckpointAudit.check(Architectures.describe(bare), bare)
      Issue.record("a model without attention was accepted")
    } catch let error as EngineError {
      guard case .tensor(let name)? = bare.refusal(error)?.place else { throw error }
      #expect(name.hasPrefix("blk.0."))
    }
  }
}
