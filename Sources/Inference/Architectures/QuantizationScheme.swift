// How a checkpoint's weights are quantised, as its configuration says: known schemes only, others refused by name.

/// A configuration's `quantization_config`.
///
/// An unknown scheme read as if it were a known one would give wrong numbers, not an error: so every key that
/// changes what stored numbers mean is checked.
enum QuantizationScheme: Equatable {
  case none
  /// E4M3 with one scale per 128 x 128 block (DeepSeek-V3 technical report, section 3.3.2).
  case fp8Blocks
  /// Four-bit floats with one exponent per 32 (OCP Microscaling Formats specification 1.0).
  case mxfp4
  /// Symmetric four-bit integers with one scale per 32, packed by compressed-tensors (Kimi K2).
  case int4Groups

  init(_ configuration: ModelConfiguration) throws(EngineError) {
    let text = try configuration.optionalObject("text_config")
    var found = try configuration.optionalObject("quantization_config")
    if found == nil, let text { found = try text.optionalObject("quantization_config") }
    guard let found else {
      self = .none
      return
    }
    guard let method = try found.optionalString("quant_method") else {
      throw found.refusal("quant_method", "is missing")
    }
    switch method {
    case "fp8":
      try Self.checkBlocks(found)
      self = .fp8Blocks
    case "mxfp4":
      self = .mxfp4
    case "compressed-tensors":
      try Self.checkPacked(found)
      self = .int4Groups
    default:
      throw found.refusal("quant_method", "\(method.quotedForMessage()) is not implemented")
    }
  }

  private static func checkBlocks(_ c: ModelConfiguration) throws(EngineError) {
    try c.require("fmt", oneOf: ["e4m3", "float8_e4m3fn"])
    try c.require("activation_scheme", oneOf: ["dynamic"])
    guard let size = try c.optionalInts("weight_block_size", in: 1...65536) else {
      throw c.refusal("weight_block_size", "is missing; only [128, 128] is implemented")
    }
    guard size == [128, 128] else {
      throw c.refusal("weight_block_size", "is \(size); only [128, 128] is implemented")
    }
  }

  private static func checkPacked(_ c: ModelConfiguration) throws(EngineError) {
    try c.require("format", oneOf: ["pack-quantized"])
    guard c.value("kv_cache_scheme") == nil else {
      throw c.refusal("kv_cache_scheme", "a quantised cache is not implemented")
    }
    guard let groups = try c.optionalObject("config_groups") else {
      throw c.refusal("config_groups", "is missing")
    }
    for name in groups.fields.keys {
      guard let group = try groups.optionalObject(name) else {
        throw groups.refusal(name, "is null")
      }
      try checkGroup(group)
    }
  }

  private static func checkGroup(_ c: ModelConfiguration) throws(EngineError) {
    for key in ["input_activations", "output_activations"] where c.value(key) != nil {
      throw c.refusal(key, "quantised activations are not implemented")
    }
    try c.require("format", oneOf: ["pack-quantized"])
    guard let weights = try c.optionalObject("weights") else {
      throw c.refusal("weights", "is missing")
    }
    try weights.require("num_bits", equals: 4)
    try weights.require("group_size", equals: 32)
    try weights.require("type", oneOf: ["int"])
    try weights.require("strategy", oneOf: ["group"])
    try weights.requireOn("symmetric")
    try weights.requireOff("dynamic")
    guard weights.value("actorder") == nil else {
      throw weights.refusal("actorder", "a reordering of columns is not implemented")
    }
  }
}
