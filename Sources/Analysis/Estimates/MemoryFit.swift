// Whether a model fits a machine's memory, and what machine would hold it.

/// Memory that a model needs, beside what there is.
public struct MemoryFit: Sendable, Equatable {
  /// Sizes that machines are sold with, GB of 2^30 bytes.
  public static let machineSizes = [
    8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096,
  ]
  /// Share of a machine's memory that is left to a model by its system and its other programs.
  public static let usableShare = 0.9

  public let weightBytes: Double
  public let cacheBytes: Double
  /// nil where it is not known.
  public let availableBytes: Double?

  public init(weightBytes: Double, cacheBytes: Double, availableBytes: Double?) {
    self.weightBytes = weightBytes
    self.cacheBytes = cacheBytes
    self.availableBytes = availableBytes
  }

  public var neededBytes: Double { weightBytes + cacheBytes }

  /// nil where the memory is not known.
  public var fits: Bool? { availableBytes.map { neededBytes <= $0 } }

  /// The smallest machine that holds it, GB of 2^30 bytes; nil above the largest.
  public var machineGB: Int? {
    Self.machineSizes.first { Double($0) * Double(1 << 30) * Self.usableShare >= neededBytes }
  }
}
