// moebench models: the catalogue, or one model of it in full.

import Analysis
import ArgumentParser
import Inference
import Models
import Reports
import StrictJSON

struct ModelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "models",
    abstract: "List the catalogue's models, or one in full: shape, parameters, bytes, prices.")

  @Argument(help: "A model of the catalogue; all if left out.")
  var name: String?

  @OptionGroup var output: DocumentOptions

  mutating func run() throws {
    try output.probe()
    let catalogue = try Catalogue.builtIn
    if let name {
      let entry = try catalogue.model(named: name)
      let prices = try PriceBook([PriceTable.builtIn]).resolve(on: Pricing.today()).rows
      let sheet = ModelSheet(
        entry, facts: Self.facts(entry), prices: prices.filter { $0.catalogue.contains(entry.name) }
      )
      try output.write(
        text: sheet.text, json: { ["schema": "moebench.models/1", "models": [sheet.json]] })
    } else {
      let list = catalogue.models.map { ModelSheet($0, facts: Self.facts($0), prices: []) }
      try output.write(
        text: { ModelSheet.table(list, $0) },
        json: {
          ["schema": "moebench.models/1", "models": .array(list.map(\.json))]
        })
    }
  }

  /// What the engine computes from the shape, or why it cannot.
  private static func facts(_ entry: ModelEntry) -> Result<ModelSheet.Facts, ModelSheet.Unknown> {
    do {
      let description = try Architectures.describe(entry.config)
      let count = try description.parameterCount()
      var bytes: [(format: String, bytes: Double)] = []
      for format in [WeightFormat.bf16, .q8_0, .q4_0] {
        bytes.append((format.rawValue, Double(try description.weightBytes(asking: format).total)))
      }
      let work = ModelWork(try description.inventory(asking: .q8_0))
      return .success(
        ModelSheet.Facts(
          family: description.family, layers: description.layers.count,
          vocabulary: description.vocabulary, total: Double(count.total),
          active: Double(count.activeWithoutEmbedding),
          activeWithEmbedding: Double(count.activeWithEmbedding),
          touchedByBatch: [1, 8, 64].map { ($0, work.touchedWeights(tokens: Double($0))) },
          bytesByFormat: bytes))
    } catch {
      return .failure(ModelSheet.Unknown(reason: "\(error)"))
    }
  }
}
