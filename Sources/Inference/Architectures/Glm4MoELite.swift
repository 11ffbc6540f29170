// GLM-4.7-Flash (Z.ai 2026): DeepSeek-V3's blocks at a smaller size.

enum Glm4MoELite: Architecture {
  static let modelTypes = ["glm4_moe_lite"]

  static func describe(_ c: ModelConfiguration) throws(EngineError) -> ModelDescription {
    try DeepSeekV3.describe(c, prefix: "", firstDense: 1)
  }
}
