// Makes one model's estimate: work from its shape, time from the machine's limits, watts, money.

import Analysis
import CostModel
import Inference
import Measurement
import Models
import Reports
import Targets

struct Estimator {
  let environment: Environment
  let limits: MachineLimits
  let change: WhatIf?
  let plan: Plan
  /// Positions of each sequence's cache.
  let context: Int
  var correction = SpeedCorrection()
  private let model: SpeedModel
  private let power: Power
  private let basis: CostBasis
  private let mix: TokenMix
  let pricing: Pricing

  private static let listedFormats: [WeightFormat] = [.bf16, .q8_0, .q4_k, .q4_0]

  init(
    environment: Environment, limits: MachineLimits, change: WhatIf?, cost: CostOptions,
    plan: Plan, context: Int
  ) throws {
    self.environment = environment
    self.limits = limits
    self.change = change
    self.plan = plan
    self.context = context
    let reference = try Architectures.describe(ReferenceMixture.config)
    model = try SpeedModel(limits, change: change?.machine ?? MachineChange()).calibrated(
      promptTokens: Double(ReferenceMixture.promptTokens),
      generatedTokens: Double(ReferenceMixture.generatedTokens)
    ) { format in
      guard let format = WeightFormat(rawValue: format) else {
        throw SpeedError.formatNotTimed(format)
      }
      return ModelWork(try reference.inventory(asking: format))
    }
    power = try Power(environment, cost, change, threads: limits.threads)
    pricing = try Pricing(cost.priceFiles)
    var settings = try cost.settings()
    if let price = change?.price { settings.hardwareUsd = price }
    mix = settings.mix
    basis = try CostBasis(
      settings, processors: change?.cores ?? environment.cpu.logicalCores.value,
      isVirtual: environment.virtualisation.value.flatMap { $0 } != nil,
      idleWatts: power.idle, fullWatts: power.busy, energySource: nil,
      tables: pricing.tables)
  }

  func estimate(_ source: ModelSource, _ format: WeightFormat) -> ModelEstimate {
    var estimate = ModelEstimate(name: source.name, weightFormat: format.rawValue)
    do {
      try fill(&estimate, source, format)
    } catch {
      estimate.reason = "\(source.name): \(error)"
    }
    return estimate
  }

  private func fill(
    _ estimate: inout ModelEstimate, _ source: ModelSource, _ format: WeightFormat
  ) throws {
    let description = try source.description()
    let count = try description.parameterCount()
    let inventory = try description.inventory(asking: format)
    estimate.architecture = description.family
    estimate.parameters = .init(
      total: Double(count.total), active: Double(count.activeWithoutEmbedding),
      activeWithEmbedding: Double(count.activeWithEmbedding))
    for listed in Self.listedFormats + (Self.listedFormats.contains(format) ? [] : [format]) {
      estimate.bytesByFormat.append(
        (listed.rawValue, Double(try description.weightBytes(asking: listed).total)))
    }
    let batch = plan.batches[0]
    estimate.cachePositions = context * batch
    estimate.cacheBytesPerToken = Double(inventory.cacheBytesPerPosition)
    estimate.fit = MemoryFit(
      weightBytes: Double(try description.weightBytes(asking: format).total),
      cacheBytes: Double(batch)
        * (Double(inventory.cacheBytesPerPosition) * Double(context) + Double(inventory.stateBytes)),
      availableBytes: change?.memory.map { $0 * 1e9 }
        ?? environment.usableMemory.map(Double.init))
    estimate.memoryIsSupposed = change?.memory != nil
    estimate.energyReason = power.reason
    let work = ModelWork(inventory)
    for test in try plan.tests() {
      estimate.tests.append(try predict(test, work, format))
    }
    estimate.cost = try RunCost(
      estimate.tests.map { $0.measurement(power.reason) }, basis: basis, mix: mix)
    estimate.prices = pricing.quotesByName(source.catalogueName).filter(\.sameModel).map {
      PriceComparison($0, cost: estimate.cost)
    }
  }

  private func predict(
    _ test: TestCase, _ work: ModelWork, _ format: WeightFormat
  ) throws -> ModelEstimate.Test {
    let time = try time(test, work)
    let tokens = Double(test.tokens)
    let speed = correction.apply(
      tokens / time.total, phase: test.phase, format: format.rawValue)
    let batch = Double(test.batch)
    let position = Double(test.depth) + Double(test.generatedTokens) / 2
    let bytes: Double
    switch test.phase {
    case .decode: bytes = work.bytesTouched(batch: batch, position: position) / batch
    case .prefill:
      let rows = min(SpeedModel.passTokens, tokens)
      bytes = work.bytesTouched(batch: rows, position: 0) / rows
    }
    return ModelEstimate.Test(
      test, speed: speed, joulesPerToken: power.busy.flatMap { $0.divided(by: speed) },
      bytesTouchedPerToken: bytes,
      touchedParameters: work.touchedWeights(
        tokens: test.phase == .decode ? batch : min(SpeedModel.passTokens, tokens)),
      time: time)
  }

  /// Seconds of the whole test.
  func time(_ test: TestCase, _ work: ModelWork) throws(SpeedError) -> PassTime {
    switch test.phase {
    case .prefill:
      return try model.prefill(
        work, tokens: Double(test.promptTokens), depth: Double(test.depth))
    case .decode:
      // A step's time grows evenly with the position, so the middle one stands for all.
      let step = try model.decodeStep(
        work, batch: Double(test.batch),
        position: Double(test.depth) + Double(test.generatedTokens) / 2)
      return step.times(Double(test.generatedTokens))
    }
  }

  /// Earlier results of this processor beside what is computed for them.
  func corrections(_ results: [StoredResult]) throws -> [PredictionError] {
    let catalogue = try Catalogue.builtIn
    var errors: [PredictionError] = []
    for result in results {
      guard result.machine.cpu == environment.cpu.modelName.value else {
        Output.error("moebench: \(result.file): was measured on another processor, left out\n")
        continue
      }
      guard let name = result.catalogueName(in: catalogue),
        let format = WeightFormat(rawValue: result.model.weightFormat)
      else {
        Output.error("moebench: \(result.file): is of no model of the catalogue, left out\n")
        continue
      }
      let description = try ModelSource.catalogue(catalogue.model(named: name)).description()
      let work = ModelWork(try description.inventory(asking: format))
      for test in result.tests where test.threads == limits.threads {
        guard let measured = Statistics.median(test.measurement.tokensPerSecond),
          let batch = test.knownBatch
        else { continue }
        let sizes = TestCase(
          phase: test.phase, promptTokens: test.promptTokens,
          generatedTokens: test.generatedTokens, depth: test.depth, batch: batch,
          threads: limits.threads)
        guard sizes.tokens > 0 else { continue }
        do throws(SpeedError) {
          errors.append(
            PredictionError(
              model: name, format: format.rawValue, label: sizes.label, phase: sizes.phase,
              predicted: Double(sizes.tokens) / (try time(sizes, work)).total, measured: measured))
        } catch {
          Output.error("moebench: \(result.file), \(sizes.label): \(error), left out\n")
        }
      }
    }
    return errors
  }
}

extension ModelEstimate.Test {
  /// For the cost model.
  fileprivate func measurement(_ energyReason: String?) -> PhaseMeasurement {
    var measurement = PhaseMeasurement(
      label: test.label, phase: test.phase, batch: test.batch, tokensPerSecond: [speed.best],
      joulesPerToken: joulesPerToken, energyReason: energyReason, provenance: .estimated)
    measurement.speed = speed
    return measurement
  }
}

/// Watts of the machine while busy and while idle.
private struct Power {
  let busy: Estimate?
  let idle: Estimate
  let reason: String?

  init(
    _ environment: Environment, _ cost: CostOptions, _ change: WhatIf?, threads: Int
  ) throws {
    if let watts = change?.watts {
      busy = .exactly(watts)
      idle = try IdleShare.watts(ofFull: .exactly(watts))
      reason = nil
      return
    }
    let model = try PowerModel.of(environment)
    func estimate(_ range: WattsRange) throws -> Estimate {
      try Estimate(low: range.low, best: range.best, high: range.high, provenance: .estimated)
    }
    if let given = try cost.powerAtTheWall() {
      (busy, idle, reason) = (given, try IdleShare.watts(ofFull: given), nil)
      return
    }
    idle = try estimate(model.watts(utilisation: 0))
    if change?.cores != nil {
      (busy, reason) = (nil, "watts=W in --what-if gives what a machine of other cores draws")
    } else {
      let all = Double(environment.cpu.logicalCores.value ?? threads)
      busy = try estimate(model.watts(utilisation: Double(threads) / max(all, 1)))
      reason = nil
    }
  }
}
