// The fixed texts of Benchmarks/prompts, inside the binary.

import CModelData

/// Real text to measure real checkpoints with, so that the load of the experts is the model's own.
public enum PromptText {
  /// The texts of Benchmarks/prompts one after the other, in UTF-8.
  public static var builtIn: [UInt8] {
    let text = md_prompts()
    return Array(UnsafeBufferPointer(start: text.start, count: text.count))
  }
}
