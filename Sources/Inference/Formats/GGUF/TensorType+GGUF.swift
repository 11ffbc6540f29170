// Numbers of tensor types in GGUF files (ggml's `enum ggml_type`).

extension TensorType {
  private static let byNumber: [UInt32: TensorType] = [
    0: .f32, 1: .f16, 2: .q4_0, 3: .q4_1, 6: .q5_0, 7: .q5_1, 8: .q8_0, 9: .q8_1,
    10: .q2_k, 11: .q3_k, 12: .q4_k, 13: .q5_k, 14: .q6_k, 15: .q8_k,
    16: .iq2_xxs, 17: .iq2_xs, 18: .iq3_xxs, 19: .iq1_s, 20: .iq4_nl, 21: .iq3_s, 22: .iq2_s,
    23: .iq4_xs, 24: .i8, 25: .i16, 26: .i32, 27: .i64, 28: .f64, 29: .iq1_m, 30: .bf16,
    34: .tq1_0, 35: .tq2_0, 39: .mxfp4, 40: .nvfp4, 41: .q1_0,
  ]

  /// Types that once were and that ggml removed.
  static let removedNames: [UInt32: String] = [
    4: "Q4_2", 5: "Q4_3", 31: "Q4_0_4_4", 32: "Q4_0_4_8", 33: "Q4_0_8_8",
    36: "IQ4_NL_4_4", 37: "IQ4_NL_4_8", 38: "IQ4_NL_8_8",
  ]

  init?(gguf number: UInt32) {
    guard let type = Self.byNumber[number] else { return nil }
    self = type
  }
}
