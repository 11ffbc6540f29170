// Makes hub tensors from GGUF tensors by their recipes.

import StrictJSON

struct TensorKitchen {
  private let source: GGUFSource

  init(_ source: GGUFSource) { self.source = source }

  /// Type and shape of what a recipe makes; nil if its ingredients are not there or do not fit.
  func description(of recipe: TensorRecipe) -> TensorDescription? {
    switch recipe {
    case .same(let name), .stack(let name), .columns(_, _, let name):
      return source.entry(name).flatMap { described($0.type, $0.shape) }
    case .minusOne(let name), .logNegated(let name), .reorderedDecay(_, let name):
      return source.entry(name).flatMap { described(.f32, $0.shape) }
    case .expert(_, let name):
      return source.entry(name).flatMap { described($0.type, Array($0.shape.dropFirst())) }
    case .rows(let order, let names):
      let entries = names.compactMap(source.entry)
      guard entries.count == names.count, let shape = Self.shape(order, entries) else { return nil }
      return described(Self.commonType(entries), shape)
    case .keyValueUp(let key, let value):
      guard let k = source.entry(key)?.shape, let v = source.entry(value)?.shape,
        k.count == 3, v.count == 3
      else { return nil }
      return described(.f32, [k[0] * (k[2] + v[1]), k[1]])
    }
  }

  private func described(_ type: TensorType, _ shape: [Int]) -> TensorDescription? {
    guard let elements = checkedProduct(shape), let bytes = type.byteCount(elements: elements)
    else { return nil }
    return TensorDescription(type: type, shape: shape, byteCount: bytes)
  }

  /// Sources of one type keep it; others are brought to floats.
  private static func commonType(_ entries: [TensorEntry]) -> TensorType {
    entries.allSatisfy { $0.type == entries[0].type } ? entries[0].type : .f32
  }

  private static func shape(_ order: RowOrder, _ entries: [TensorEntry]) -> [Int]? {
    let shapes = entries.map(\.shape)
    guard let first = shapes.first, shapes.allSatisfy({ $0.count == first.count }) else {
      return nil
    }
    if case .concatenatedByExpert = order {
      guard first.count == 3 else { return nil }
      return [first[0], shapes.reduce(0) { $0 + $1[1] }, first[2]]
    }
    return [shapes.reduce(0) { $0 + ($1.first ?? 0) }] + first.dropFirst()
  }

  // MARK: - Making

  func make(_ recipe: TensorRecipe, name: String) throws(CheckpointError) -> StoredTensor? {
    switch recipe {
    case .same(let tensor), .stack(let tensor):
      return try source.tensor(tensor)?.renamed(name)
    case .expert(let expert, let tensor):
      return try source.tensor(tensor)?.slice(expert, name: name)
    case .rows(let order, let tensors):
      return try rows(order, ingredients(tensors), name)
    case .columns(let heads, let width, let tensor):
      return try columns(heads, width, ingredients([tensor])[0], name)
    case .keyValueUp(let key, let value):
      return try keyValueUp(ingredients([key, value]), name)
    case .minusOne(let tensor):
      return try mapped(ingredients([tensor])[0], name) { $0 - 1 }
    case .logNegated(let tensor):
      return try mapped(ingredients([tensor])[0], name) { naturalLogarithm(-$0) }
    case .reorderedDecay(let heads, let tensor):
      let order = RowOrder.valueHeads(heads, prefix: 0, width: 1)
      let sorted = try rows(order, ingredients([tensor]), name)
      return try mapped(sorted, name) { naturalLogarithm(-$0) }
    }
  }

  private func ingredients(_ names: [String]) throws(CheckpointError) -> [StoredTensor] {
    var tensors: [StoredTensor] = []
    for name in names {
      guard let tensor = try source.tensor(name) else {
        throw CheckpointError(source.metadata.file, .missing, at: .tensor(name))
      }
      tensors.append(tensor)
    }
    return tensors
  }

  private func unfit(_ tensors: [StoredTensor]) -> CheckpointError {
    let shapes = tensors.map { "\($0.shape)" }.joined(separator: " and ")
    return CheckpointError(
      tensors[0].file, .shape("shape \(shapes) does not fit the metadata"),
      at: .tensor(tensors[0].name), offset: tensors[0].offset)
  }

  private func rows(_ order: RowOrder, _ tensors: [StoredTensor], _ name: String)
    throws(CheckpointError) -> StoredTensor
  {
    let entries = tensors.map { TensorEntry(type: $0.type, shape: $0.shape, range: 0..<0) }
    let type = Self.commonType(entries)
    // A vector's rows are its elements.
    let width = tensors[0].shape.count > 1 ? tensors[0].shape.last ?? 1 : 1
    guard let shape = Self.shape(order, entries), width > 0,
      tensors.allSatisfy({ ($0.shape.count > 1 ? $0.shape.last ?? 1 : 1) == width }),
      let runs = order.runs(tensors.map { $0.elements / width }),
      let rowBytes = type.byteCount(elements: width),
      let rows = checkedProduct([shape.reduce(1, *) / width])
    else { throw unfit(tensors) }
    var sources: [FloatsOrBytes] = []
    for tensor in tensors { sources.append(try FloatsOrBytes(tensor, as: type)) }
    let target = OwnedBytes(count: rows * rowBytes)
    var position = 0
    for run in runs {
      sources[run.source].withBytes {
        target.copy($0, from: run.first * rowBytes, count: run.count * rowBytes, to: position)
      }
      position += run.count * rowBytes
    }
    for tensor in tensors { tensor.releasePages() }
    return tensors[0].remade(name, type: type, shape: shape, owner: target)
  }

  private func columns(_ heads: ValueHeads, _ width: Int, _ tensor: StoredTensor, _ name: String)
    throws(CheckpointError) -> StoredTensor
  {
    guard tensor.shape.count == 2, tensor.shape[1] == heads.valueHeads * width else {
      throw unfit([tensor])
    }
    // Heads move as whole blocks where a head is whole blocks; otherwise the matrix becomes floats.
    let type = width % tensor.type.block.elements == 0 ? tensor.type : .f32
    guard let headBytes = type.byteCount(elements: width) else { throw unfit([tensor]) }
    let source = try FloatsOrBytes(tensor, as: type)
    let rowBytes = headBytes * heads.valueHeads
    let target = OwnedBytes(count: tensor.shape[0] * rowBytes)
    source.withBytes { bytes in
      for row in 0..<tensor.shape[0] {
        for head in 0..<heads.valueHeads {
          target.copy(
            bytes, from: row * rowBytes + heads.position(of: head) * headBytes, count: headBytes,
            to: row * rowBytes + head * headBytes)
        }
      }
    }
    tensor.releasePages()
    return tensor.remade(name, type: type, shape: tensor.shape, owner: target)
  }

  private func keyValueUp(_ tensors: [StoredTensor], _ name: String) throws(CheckpointError)
    -> StoredTensor
  {
    let (key, value) = (tensors[0], tensors[1])
    guard key.shape.count == 3, value.shape.count == 3, key.shape[0] == value.shape[0],
      key.shape[1] == value.shape[2]
    else { throw unfit(tensors) }
    let (heads, rank, nope, v) = (key.shape[0], key.shape[1], key.shape[2], value.shape[1])
    let target = OwnedBytes(count: heads * (nope + v) * rank * 4)
    try FloatsOrBytes(key, as: .f32).withFloats { keys in
      for head in 0..<heads {
        for row in 0..<nope {
          let start = (head * (nope + v) + row) * rank
          for column in 0..<rank {
            target.floats[start + column] = keys[(head * rank + column) * nope + row]
          }
        }
      }
    }
    try FloatsOrBytes(value, as: .f32).withBytes { values in
      for head in 0..<heads {
        target.copy(
          values, from: head * v * rank * 4, count: v * rank * 4,
          to: (head * (nope + v) + nope) * rank * 4)
      }
    }
    for tensor in tensors { tensor.releasePages() }
    return key.remade(name, type: .f32, shape: [heads * (nope + v), rank], owner: target)
  }

  private func mapped(_ tensor: StoredTensor, _ name: String, _ function: (Float) -> Float)
    throws(CheckpointError) -> StoredTensor
  {
    let target = OwnedBytes(count: tensor.elements * 4)
    try FloatsOrBytes(tensor, as: .f32).withFloats { values in
      for index in values.indices { target.floats[index] = function(values[index]) }
    }
    return tensor.remade(name, type: .f32, shape: tensor.shape, owner: target)
  }
}
