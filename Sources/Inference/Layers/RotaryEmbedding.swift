// Rotary position embedding (Su et al. 2021) and the ways checkpoints stretch it.

#if canImport(FoundationEssentials)
  import FoundationEssentials
#endif
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Which rotation a layer applies to its queries and keys.
public struct RotaryDescription: Sendable, Hashable {
  /// Which two elements turn together.
  public enum Pairing: Sendable, Hashable {
    /// Element i turns with element i + dimension / 2 (GPT-NeoX).
    case halves
    /// Element 2i turns with element 2i + 1 (GPT-J).
    case neighbours
  }

  /// How frequencies are changed to reach beyond the trained context.
  public enum Scaling: Sendable, Hashable {
    case none
    case linear(factor: Float)
    /// Peng et al. 2023.
    case yarn(YarnScaling)
    case llama3(factor: Float, lowFactor: Float, highFactor: Float, original: Float)
    /// Ding et al. 2024.
    case longRope(LongRopeScaling)
  }

  /// Rotated elements of a head.
  public var dimension: Int
  public var theta: Float
  public var pairing: Pairing = .halves
  public var scaling: Scaling = .none

  public init(
    dimension: Int, theta: Float, pairing: Pairing = .halves, scaling: Scaling = .none
  ) {
    self.dimension = dimension
    self.theta = theta
    self.pairing = pairing
    self.scaling = scaling
  }
}

/// The numbers of YaRN.
public struct YarnScaling: Sendable, Hashable {
  public var factor: Float
  public var original: Float
  public var betaFast: Float = 32
  public var betaSlow: Float = 1
  public var truncate = true
  public var attentionFactor: Float?
  public var mscale: Float?
  public var mscaleAllDimensions: Float?

  public init(factor: Float, original: Float) {
    self.factor = factor
    self.original = original
  }

  /// YaRN's temperature, section 3.4 of the paper.
  static func magnitude(_ scale: Float, _ weight: Float) -> Float {
    scale <= 1 ? 1 : 0.1 * weight * logf(scale) + 1
  }

  /// What cosines and sines are multiplied by.
  var effectiveAttentionFactor: Float {
    if let attentionFactor { return attentionFactor }
    if let mscale, let mscaleAllDimensions, mscale != 0, mscaleAllDimensions != 0 {
      return Self.magnitude(factor, mscale) / Self.magnitude(factor, mscaleAllDimensions)
    }
    return Self.magnitude(factor, 1)
  }

  /// What multi-head latent attention multiplies its score scale by.
  public var scoreFactor: Float {
    guard let mscaleAllDimensions, mscaleAllDimensions != 0 else { return 1 }
    let magnitude = Self.magnitude(factor, mscaleAllDimensions)
    return magnitude * magnitude
  }
}

/// The numbers of LongRoPE: one divisor a frequency, `[dimension / 2]`, for texts within the trained length and beyond.
public struct LongRopeScaling: Sendable, Hashable {
  public var short: [Float]
  public var long: [Float]
  /// Positions the unscaled model was trained for.
  public var original: Float
  /// What cosines and sines are multiplied by.
  public var shortMagnitude: Float
  public var longMagnitude: Float

  public init(
    short: [Float], long: [Float], original: Float, shortMagnitude: Float, longMagnitude: Float
  ) {
    self.short = short
    self.long = long
    self.original = original
    self.shortMagnitude = shortMagnitude
    self.longMagnitude = longMagnitude
  }

  /// The magnitude the paper recommends for a model stretched by `factor`.
  static func magnitude(factor: Float, original: Float) -> Float {
    factor <= 1 ? 1 : (1 + logf(factor) / logf(original)).squareRoot()
  }

  /// Which divisors serve a cache of so many positions. One set serves the whole text: keys already in the cache
  /// cannot be turned again when it grows past the trained length.
  func isLong(_ positions: Int) -> Bool { Float(positions) > original }
}

extension RotaryDescription {
  /// Radians a position for each pair, `[dimension / 2]`, where the cache holds `positions`.
  package func inverseFrequencies(positions: Int) -> [Float] {
    let plain = (0..<dimension / 2).map { powf(theta, -2 * Float($0) / Float(dimension)) }
    switch scaling {
    case .none:
      return plain
    case .linear(let factor):
      return plain.map { $0 / factor }
    case .longRope(let scaling):
      let divisors = scaling.isLong(positions) ? scaling.long : scaling.short
      return zip(plain, divisors).map { $0 / $1 }
    case .llama3(let factor, let lowFactor, let highFactor, let original):
      return plain.map { frequency in
        let wavelength = 2 * Float.pi / frequency
        if wavelength < original / highFactor { return frequency }
        if wavelength >= original / lowFactor { return frequency / factor }
        let smooth = (original / wavelength - lowFactor) / (highFactor - lowFactor)
        return (1 - smooth) * frequency / factor + smooth * frequency
      }
    case .yarn(let yarn):
      return yarnFrequencies(plain, yarn)
    }
  }

  private func yarnFrequencies(_ plain: [Float], _ yarn: YarnScaling) -> [Float] {
    let d = Float(dimension)
    func turning(_ rotations: Float) -> Float {
      d * logf(yarn.original / (rotations * 2 * Float.pi)) / (2 * logf(theta))
    }
    var low = turning(yarn.betaFast)
    var high = turning(yarn.betaSlow)
    if yarn.truncate {
      low = low.rounded(.down)
      high = high.rounded(.up)
    }
    low = max(low, 0)
    high = min(high, d - 1)
    if low == high { high += 0.001 }
    return plain.enumerated().map { index, frequency in
      let ramp = min(max((Float(index) - low) / (high - low), 0), 1)
      return frequency / yarn.factor * ramp + frequency * (1 - ramp)
    }
  }

  /// What cosines and sines are multiplied by.
  package func attentionFactor(positions: Int) -> Float {
    switch scaling {
    case .none, .linear, .llama3: 1
    case .yarn(let yarn): yarn.effectiveAttentionFactor
    case .longRope(let scaling):
      scaling.isLong(positions) ? scaling.longMagnitude : scaling.shortMagnitude
    }
  }
}

/// Cosines and sines of every position, made once.
package final class RotaryTable: @unchecked Sendable {
  let description: RotaryDescription
  /// `[positions, dimension]`: the cosines, then the sines of each position.
  private let memory: Memory
  let positions: Int

  package init(_ description: RotaryDescription, positions: Int) throws(EngineError) {
    self.description = description
    self.positions = positions
    let half = description.dimension / 2
    memory = try Memory(
      byteCount: positions * description.dimension * 4, purpose: "a table of rotations")
    let frequencies = description.inverseFrequencies(positions: positions)
    let factor = description.attentionFactor(positions: positions)
    for position in 0..<positions {
      let row = memory.floats + position * description.dimension
      for i in 0..<half {
        let angle = Float(position) * frequencies[i]
        row[i] = cosf(angle) * factor
        row[half + i] = sinf(angle) * factor
      }
    }
  }

  /// Turns the first `dimension` elements of `x` by its position; `inverse` turns them back.
  @inline(__always)
  package func rotate(_ x: UnsafeMutablePointer<Float>, position: Int, inverse: Bool = false) {
    assert(position < positions, "position \(position) of \(positions)")
    let half = description.dimension / 2
    let cosines = memory.floats + position * description.dimension
    let sines = cosines + half
    let sign: Float = inverse ? -1 : 1
    switch description.pairing {
    case .halves:
      for i in 0..<half {
        let (a, b, c, s) = (x[i], x[half + i], cosines[i], sign * sines[i])
        x[i] = a * c - b * s
        x[half + i] = b * c + a * s
      }
    case .neighbours:
      for i in 0..<half {
        let (a, b, c, s) = (x[2 * i], x[2 * i + 1], cosines[i], sign * sines[i])
        x[2 * i] = a * c - b * s
        x[2 * i + 1] = b * c + a * s
      }
    }
  }
}
