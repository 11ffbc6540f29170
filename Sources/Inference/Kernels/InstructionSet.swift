// The instruction sets kernels are written for, and which of them this machine has.

import CKernels

/// An instruction set the kernels know.
public struct InstructionSet: Sendable {
  public let name: String
  public let isAvailable: Bool
  /// Why it is not used although the processor has it; nil where it is used, or is not there.
  public let refusal: String?
  let isa: ck_isa

  /// Every instruction set the program was written for, available or not.
  public static var all: [InstructionSet] {
    (0..<CK_ISAS.rawValue).map { raw in
      let isa = ck_isa(rawValue: raw)
      return InstructionSet(
        name: String(cString: ck_isa_name(isa)), isAvailable: ck_isa_available(isa) != 0,
        refusal: ck_isa_refusal(isa).map { String(cString: $0) }, isa: isa)
    }
  }
}
