// The engine's own parameter count of each catalogue shape against the published and the noted figures.

import Inference
import Models
import StrictJSON
import Testing

/// Models whose family the engine runs, by name.
private func runnable() throws -> [ModelEntry] {
  let types = Set(Architectures.modelTypes)
  return try Catalogue.builtIn.models.filter { model in
    model.unsupported == nil
      && types.contains(model.config["model_type"]?.string ?? "")
  }
}

/// Whether every layer caches every position, so that one number tells the cache's growth.
private func cachesEverything(_ config: JSONValue) -> Bool {
  ["sliding_window", "layer_types", "hybrid_layer_pattern", "index_topk", "attention_chunk_size"]
    .allSatisfy { config[$0]?.isNull ?? true }
}

@Suite struct EngineCounts {
  @Test("the engine counts each shape as the catalogue's own sum: total to 0.5 %, active to 2 %")
  func computed() throws {
    var compared = 0
    for model in try runnable() {
      guard let sum = model.computed else { continue }
      compared += 1
      let count = try Architectures.describe(model.config).parameterCount()
      let active = Double(count.activeWithoutEmbedding) / 1e9
      #expect(
        abs(Double(count.total) / 1e9 / sum.totalBillion - 1) < 0.005,
        "\(model.name): \(count.total)")
      #expect(
        abs(active / sum.activeWithoutInputEmbeddingBillion - 1) < 0.02,
        "\(model.name): \(active)")
    }
    #expect(compared >= 30)
  }

  @Test("totals stand within 2 % of the published ones, or the notes say why not")
  func published() throws {
    var compared = 0
    for model in try runnable() {
      guard let published = model.published.totalBillion else { continue }
      compared += 1
      let total = Double(try Architectures.describe(model.config).parameterCount().total) / 1e9
      #expect(
        abs(total / published - 1) < 0.02 || model.notes.contains { $0.contains("total:") },
        "\(model.name): \(total) against \(published)")
    }
    #expect(compared >= 30)
  }

  @Test("the cache grows by the noted number of elements a token")
  func cache() throws {
    var compared = 0
    for model in try runnable() where cachesEverything(model.config) {
      guard let noted = model.kvCacheElementsPerToken else { continue }
      compared += 1
      let count = try Architectures.describe(model.config).parameterCount()
      #expect(Double(count.cacheElementsPerPosition) == noted, "\(model.name)")
    }
    #expect(compared >= 20)
  }
}
