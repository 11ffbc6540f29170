// Which stored encodings the kernels multiply with directly.

extension TensorType {
  /// The kernels' format of this encoding; nil if they have none.
  var weightFormat: WeightFormat? {
    switch self {
    case .f32: .f32
    case .f16: .f16
    case .bf16: .bf16
    case .f8_e4m3: .fp8
    case .q8_0: .q8_0
    case .q4_0: .q4_0
    case .q4_1: .q4_1
    case .q5_0: .q5_0
    case .q5_1: .q5_1
    case .q2_k: .q2_k
    case .q3_k: .q3_k
    case .q4_k: .q4_k
    case .q5_k: .q5_k
    case .q6_k: .q6_k
    case .iq4_nl: .iq4_nl
    case .iq4_xs: .iq4_xs
    case .mxfp4: .mxfp4
    default: nil
    }
  }
}
