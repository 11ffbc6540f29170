// The engine's count of a model's work, as the estimates take it.

import Analysis
import Inference

extension ModelWork {
  init(_ inventory: WorkInventory) {
    func products(_ parts: [WorkInventory.Products]) -> [Products] {
      parts.map {
        Products(
          format: $0.format.rawValue, weights: Double($0.weights), bytes: Double($0.bytes))
      }
    }
    self.init(
      layers: inventory.layers, shared: products(inventory.shared), head: products(inventory.head),
      mixtures: inventory.mixtures.map {
        Mixture(
          experts: $0.experts, expertsPerToken: $0.expertsPerToken, products: products($0.products))
      },
      attentions: inventory.attentions.map {
        Attention(
          multiplicationsPerPair: Double($0.multiplicationsPerPair), window: $0.window)
      },
      cacheBytesPerPosition: Double(inventory.cacheBytesPerPosition),
      stateBytes: Double(inventory.stateBytes),
      stateMultiplicationsPerToken: Double(inventory.stateMultiplicationsPerToken))
  }
}
