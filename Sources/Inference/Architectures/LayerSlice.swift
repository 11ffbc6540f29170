// A part of a model that holds every kind of its layers, to be run in place of the whole.

/// Which layers of a model stand for all of them.
public struct LayerSlice: Sendable, Equatable {
  /// Indices into the whole's layers, ascending.
  public let layers: [Int]
  /// For each layer of the slice, how many layers of the whole it stands for, itself included.
  public let factors: [Double]
  /// Layers of the whole.
  public let total: Int
}

extension ModelDescription {
  /// Indices of the layers of each kind, kinds in the order in which they first come.
  ///
  /// Two layers are of one kind where they differ in nothing but their number in tensor names.
  /// - Complexity: O(layers · size of a layer's description).
  public var layerKinds: [[Int]] {
    var kinds: [[Int]] = []
    var places: [String: Int] = [:]
    for (index, layer) in layers.enumerated() {
      // Every field of the description shows in its reflection, so none can be forgotten here. The first such number in
      // a quoted name is the layer's; a later one counts parts within it.
      let text = "\(layer)".split(separator: "\"", omittingEmptySubsequences: false).map {
        $0.replacing(".\(index).", with: ".#.", maxReplacements: 1)
      }.joined(separator: "\"")
      if let place = places[text] {
        kinds[place].append(index)
      } else {
        places[text] = kinds.count
        kinds.append([index])
      }
    }
    return kinds
  }

  /// A slice of `count` layers: one of each kind, the rest where a layer stands for the most others.
  ///
  /// The first layers of a kind are taken: what a layer reuses of an earlier one (the keys an indexer chose) is then
  /// in the slice too.
  /// - Returns: nil where `count` is less than the number of kinds or not less than that of layers.
  public func slice(layers count: Int) -> LayerSlice? {
    let kinds = layerKinds
    guard count >= kinds.count, count < layers.count else { return nil }
    var taken = kinds.map { _ in 1 }
    for _ in kinds.count..<count {
      let open = kinds.indices.filter { taken[$0] < kinds[$0].count }
      // Fewer layers are taken than there are, so some kind is open.
      guard
        let next = open.max(by: {
          kinds[$0].count * taken[$1] < kinds[$1].count * taken[$0]
        })
      else { return nil }
      taken[next] += 1
    }
    let chosen = kinds.indices.flatMap { kind in
      kinds[kind].prefix(taken[kind]).map {
        (index: $0, factor: Double(kinds[kind].count) / Double(taken[kind]))
      }
    }.sorted { $0.index < $1.index }
    return LayerSlice(
      layers: chosen.map(\.index), factors: chosen.map(\.factor), total: layers.count)
  }

  /// The model with the slice's layers alone: embedding, final norm and head stay.
  public func keeping(_ slice: LayerSlice) -> ModelDescription {
    var part = self
    part.layers = slice.layers.map { layers[$0] }
    return part
  }
}
