// Routers against plain formulas in double precision, and what they do with ties and NaN.

import Foundation
import Inference
import Testing

@Suite struct RouterTests {
  /// Scores of all experts by their definition.
  static func scores(_ logits: [Double], _ scoring: RouterDescription.Scoring) -> [Double] {
    switch scoring {
    case .softmax:
      let largest = logits.max() ?? 0
      let sum = logits.reduce(0) { $0 + exp($1 - largest) }
      return logits.map { exp($0 - largest) / sum }
    case .sigmoid: return logits.map { 1 / (1 + exp(-$0)) }
    case .squareRootSoftplus: return logits.map { log1p(exp($0)).squareRoot() }
    default: return logits
    }
  }

  /// The experts with the largest values, ascending; the lower number first among equals.
  static func best(_ values: [Double], _ k: Int) -> [Int] {
    values.indices.sorted { (values[$0], -$0) > (values[$1], -$1) }.prefix(k).sorted()
  }

  static func weights(
    _ chosen: [Int], _ logits: [Double], _ d: RouterDescription
  ) -> [Double] {
    var weights: [Double]
    switch d.scoring {
    case .softmaxOfChosen: weights = scores(chosen.map { logits[$0] }, .softmax)
    case .sigmoidOfChosen: weights = scores(chosen.map { logits[$0] }, .sigmoid)
    default:
      let all = scores(logits, d.scoring)
      weights = chosen.map { all[$0] }
    }
    let sum = weights.reduce(0, +)
    switch d.normalization {
    case .none: break
    case .sum(let epsilon): weights = weights.map { $0 / (sum + Double(epsilon)) }
    case .atLeast(let least): weights = weights.map { $0 / max(sum, Double(least)) }
    }
    return weights.map { $0 * Double(d.scale) }
  }

  static let scorings: [RouterDescription.Scoring] = [
    .softmax, .softmaxOfChosen, .sigmoid, .sigmoidOfChosen, .squareRootSoftplus,
  ]
  static let normalizations: [RouterDescription.Normalization] = [
    .none, .sum(epsilon: 1e-20), .sum(epsilon: 0.5), .atLeast(1.5),
  ]

  @Test("experts and weights are those of the formula", arguments: scorings, normalizations)
  func formula(
    _ scoring: RouterDescription.Scoring, _ normalization: RouterDescription.Normalization
  ) throws {
    var generator = SplitMix64(seed: 1)
    for (experts, k) in [(8, 2), (1, 1), (5, 5), (64, 6), (33, 3)] {
      var d = TestRouter.description(experts, k, scoring)
      d.normalization = normalization
      d.scale = 1.5
      let router = try TestRouter(d)
      for _ in 0..<20 {
        let logits = (0..<experts).map { _ in Float(generator.unit() * 8 - 4) }
        let found = router.route(logits)
        let exact = logits.map(Double.init)
        let chosen = Self.best(Self.scores(exact, scoring), k)
        #expect(found.experts == chosen)
        for (a, b) in zip(found.weights, Self.weights(chosen, exact, d)) {
          #expect(abs(Double(a) - b) < 1e-5 * max(1, b))
        }
      }
    }
  }

  @Test("a bias changes the choice and not the weights")
  func bias() throws {
    var d = TestRouter.description(4, 2, .sigmoid)
    d.choiceBias = Parameter(vector: "bias", count: 4, role: .router)
    let found = try TestRouter(d, bias: [0, 2, 0, 3]).route([4, -1, 3, 0.5])
    #expect(found.experts == [1, 3])
    #expect(abs(found.weights[0] - 1 / (1 + exp(1))) < 1e-6)
    #expect(abs(found.weights[1] - 1 / (1 + exp(-0.5))) < 1e-6)
  }

  @Test("only experts of the best groups are chosen")
  func groups() throws {
    var d = TestRouter.description(8, 3, .sigmoid)
    // By their best alone, groups 0 and 1 lead; by their best two, groups 1 and 3.
    let logits: [Float] = [5, -5, 4, 3, 1, 1.5, 3.5, 2]
    d.groups = RouterDescription.Groups(count: 4, kept: 2, rank: .best)
    #expect(try TestRouter(d).route(logits).experts == [0, 2, 3])
    d.groups = RouterDescription.Groups(count: 4, kept: 2, rank: .bestTwo)
    #expect(try TestRouter(d).route(logits).experts == [2, 3, 6])
  }

  @Test("ties go to the lower number, a hundred times", arguments: scorings)
  func ties(_ scoring: RouterDescription.Scoring) throws {
    let router = try TestRouter(TestRouter.description(16, 4, scoring))
    for _ in 0..<100 {
      #expect(router.route([Float](repeating: 0, count: 16)).experts == [0, 1, 2, 3])
      var logits = [Float](repeating: -1, count: 16)
      for expert in [15, 9, 4] { logits[expert] = 2 }
      #expect(router.route(logits).experts == [0, 4, 9, 15])
    }
    var d = TestRouter.description(16, 4, .sigmoid)
    d.groups = RouterDescription.Groups(count: 4, kept: 2, rank: .bestTwo)
    #expect(try TestRouter(d).route([Float](repeating: 0, count: 16)).experts == [0, 1, 2, 3])
  }

  @Test(
    "NaN and infinity never give an expert out of range or twice",
    arguments: scorings + [.sparseMixer(jitter: 0.01)])
  func poison(_ scoring: RouterDescription.Scoring) throws {
    let poison: [Float] = [.nan, .infinity, -.infinity, -.nan, 1e38, -1e38]
    var generator = SplitMix64(seed: 7)
    for groups in [nil, RouterDescription.Groups(count: 4, kept: 2, rank: .bestTwo)] {
      var d = TestRouter.description(12, 2, scoring)
      d.normalization = .sum(epsilon: 0)
      d.groups = groups
      let router = try TestRouter(d)
      for round in 0..<300 {
        var logits = (0..<12).map { _ in Float(generator.unit() * 8 - 4) }
        for _ in 0...(round % 12) {
          logits[Int(generator.next() % 12)] = poison[Int(generator.next() % 6)]
        }
        if round == 0 { logits = [Float](repeating: .nan, count: 12) }
        let experts = router.route(logits).experts
        #expect(experts.allSatisfy { 0..<12 ~= $0 } && Set(experts).count == 2, "\(logits)")
      }
    }
  }
}

/// A router without weights: logits are given.
struct TestRouter {
  private let router: Router
  private let description: RouterDescription
  private let source: BiasSource
  private let kernels: Kernels

  static func description(
    _ experts: Int, _ k: Int, _ scoring: RouterDescription.Scoring
  ) -> RouterDescription {
    RouterDescription(
      experts: experts, expertsPerToken: k,
      gate: LinearDescription("gate", inputs: 1, outputs: experts, role: .router),
      scoring: scoring)
  }

  init(_ description: RouterDescription, bias: [Float] = []) throws {
    self.description = description
    source = BiasSource(bias)
    router = try Router(description, source)
    kernels = try Kernels()
  }

  func route(_ logits: [Float]) -> (experts: [Int], weights: [Float]) {
    var scores = logits
    var scratch = logits
    var experts = [Int32](repeating: -1, count: description.expertsPerToken)
    var weights = [Float](repeating: 0, count: description.expertsPerToken)
    router.route(
      &scores, scratch: &scratch, token: 0, forced: nil, experts: &experts, weights: &weights,
      kernels)
    return (experts.map(Int.init), weights)
  }
}

/// Gives a bias; matrices are there and never read.
private final class BiasSource: WeightSource {
  private let bias: UnsafeMutableBufferPointer<Float>

  init(_ bias: [Float]) {
    self.bias = .allocate(capacity: max(bias.count, 1))
    _ = self.bias.update(fromContentsOf: bias)
  }

  deinit { bias.deallocate() }

  func matrix(_ parameter: Parameter) throws -> WeightMatrix {
    WeightMatrix(
      format: .f32, rows: parameter.rows, columns: parameter.columns,
      base: UnsafeRawPointer(try #require(bias.baseAddress)), rowBytes: parameter.columns * 4)
  }

  func vector(_ parameter: Parameter) throws -> Vector {
    Vector(try #require(bias.baseAddress), count: parameter.count)
  }

  func experts(_ description: ExpertsDescription) throws -> ExpertBank {
    throw EngineError.usage("a router has no experts")
  }

  func expertTable(_ name: String, vocabulary: Int, expertsPerToken: Int, experts: Int) -> [Int32] {
    []
  }
}
