// `--verify`: runs what was predicted, whole or as a slice, as `moebench run` does.

import Analysis
import CostModel
import Inference
import Measurement
import Models
import Reports

struct Verification {
  let environment: Environment
  let cost: CostOptions
  let layers: Int?
  let pricing: Pricing
  let progress: Progress

  /// Adds what was measured; a model that cannot be run here gets the reason instead.
  func verify(
    _ estimate: inout ModelEstimate, _ source: ModelSource, _ format: WeightFormat, _ plan: Plan
  ) throws {
    guard !estimate.tests.isEmpty else { return }
    do {
      let options = try EngineOptions.parse(
        ["--weights", format.rawValue] + (layers.map { ["--layers", "\($0)"] } ?? []))
      var session = RunSession(
        plan: plan, environment: environment, settings: try cost.settings(),
        meters: try Metering("none", watts: nil, environment), progress: progress, pricing: pricing)
      let report = try session.run(source, options)
      if let failure = session.failure {
        estimate.reason = "\(estimate.name) was not measured in full: \(failure)"
      }
      estimate.verifiedSlice = report.model.slice.map { ($0.layersMeasured, $0.layersTotal) }
      for predicted in estimate.tests {
        guard let result = report.tests.first(where: { $0.test == predicted.test }),
          let measured = report.extrapolation(of: result)?.tokensPerSecond.best
            ?? result.summary()?.median
        else { continue }
        estimate.verification.append(
          PredictionError(
            model: estimate.name, format: estimate.weightFormat, label: predicted.test.label,
            phase: predicted.test.phase, predicted: predicted.speed.best, measured: measured))
      }
    } catch let error where Interruption.status == nil {
      estimate.reason = "\(estimate.name) was not measured: \(error)"
    }
  }
}
