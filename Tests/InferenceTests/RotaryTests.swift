// Rotations against complex multiplication, and stretched frequencies against the reference library's.

import Foundation
import Inference
import Testing

@Suite struct RotaryTests {
  /// A frequency rule with what transformers 5.23.0 computes for 16 elements (`ROPE_INIT_FUNCTIONS`).
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let theta: Float
    let scaling: RotaryDescription.Scaling
    let frequencies: [Float]
    let factor: Float
  }

  static let cases: [Case] = [
    Case(
      testDescription: "linear", theta: 1e4, scaling: .linear(factor: 4),
      frequencies: [
        0.25, 0.079056941, 0.025, 0.0079056947, 0.0024999999, 0.00079056947, 0.00025000001,
        7.9056947e-05,
      ], factor: 1),
    Case(
      testDescription: "yarn", theta: 1e4, scaling: .yarn(YarnScaling(factor: 4, original: 64)),
      frequencies: [
        1, 0.23717082, 0.049999997, 0.0079056947, 0.0024999999, 0.00079056947, 0.00025000001,
        7.9056947e-05,
      ], factor: 1.1386294),
    Case(
      testDescription: "yarn, bounds not rounded", theta: 1e6,
      scaling: yarn(factor: 32, original: 4096) { $0.truncate = false },
      frequencies: [
        1, 0.17782794, 0.027735936, 0.0022177035, 3.1250001e-05, 5.5571231e-06, 9.882117e-07,
        1.7573167e-07,
      ], factor: 1.3465736),
    Case(
      testDescription: "yarn, equal betas", theta: 5e4,
      scaling: yarn(factor: 32, original: 4096) {
        $0.betaFast = 1
        $0.mscale = 1
        $0.mscaleAllDimensions = 1
      },
      frequencies: [
        1, 0.25860015, 0.066874035, 0.017293634, 0.004472136, 3.6140467e-05, 9.3459303e-06,
        2.4168587e-06,
      ], factor: 1),
    Case(
      testDescription: "yarn, two magnitudes", theta: 1e4,
      scaling: yarn(factor: 40, original: 4096) {
        $0.mscale = 0.707
        $0.mscaleAllDimensions = 1
      },
      frequencies: [
        1, 0.31622776, 0.1, 0.023914725, 0.0051249997, 0.00084986218, 2.4999999e-05,
        7.9056945e-06,
      ], factor: 0.92104236),
    Case(
      testDescription: "llama3", theta: 5e5,
      scaling: .llama3(factor: 8, lowFactor: 1, highFactor: 4, original: 32),
      frequencies: [
        1, 0.024240345, 0.0047007538, 0.00091158313, 0.00017677668, 3.4281024e-05,
        6.6478697e-06, 1.2891732e-06,
      ], factor: 1),
  ]

  private static func yarn(
    factor: Float, original: Float, _ change: (inout YarnScaling) -> Void
  ) -> RotaryDescription.Scaling {
    var yarn = YarnScaling(factor: factor, original: original)
    change(&yarn)
    return .yarn(yarn)
  }

  @Test("stretched frequencies are the reference library's", arguments: cases)
  func frequencies(_ expected: Case) {
    let rotary = RotaryDescription(
      dimension: 16, theta: expected.theta, scaling: expected.scaling)
    for (found, wanted) in zip(rotary.inverseFrequencies(positions: 64), expected.frequencies) {
      #expect(abs(found - wanted) <= 2e-6 * wanted)
    }
    #expect(abs(rotary.attentionFactor(positions: 64) - expected.factor) < 1e-6)
  }

  /// In double precision: element pairs as complex numbers times `exp(i position theta^(-2j/d))`.
  @Test(
    "a rotation is a complex product",
    arguments: [RotaryDescription.Pairing.halves, .neighbours], [0, 1, 7, 1000])
  func rotation(_ pairing: RotaryDescription.Pairing, _ position: Int) throws {
    let dimension = 12
    let table = try RotaryTable(
      RotaryDescription(dimension: dimension, theta: 10000, pairing: pairing), positions: 1001)
    var generator = SplitMix64(seed: UInt64(position))
    // Elements past the rotated ones stay as they are.
    let before = (0..<16).map { _ in Float(generator.unit() * 2 - 1) }
    var x = before
    x.withUnsafeMutableBufferPointer { table.rotate($0.baseAddress!, position: position) }
    for pair in 0..<(dimension / 2) {
      let (i, j) =
        pairing == .halves ? (pair, pair + dimension / 2) : (2 * pair, 2 * pair + 1)
      let angle = Double(position) * pow(10000, -2 * Double(pair) / Double(dimension))
      let (real, imaginary) = (Double(before[i]), Double(before[j]))
      // The angle itself is kept in single precision, as checkpoints were trained: 1000 radians are known to 6e-5.
      #expect(abs(Double(x[i]) - (real * cos(angle) - imaginary * sin(angle))) < 2e-4)
      #expect(abs(Double(x[j]) - (real * sin(angle) + imaginary * cos(angle))) < 2e-4)
    }
    #expect(Array(x[dimension...]) == Array(before[dimension...]))
    x.withUnsafeMutableBufferPointer {
      table.rotate($0.baseAddress!, position: position, inverse: true)
    }
    for (a, b) in zip(x, before) { #expect(abs(a - b) < 1e-6) }
  }
}
