// A GGUF model seen as its family's Hugging Face checkpoint: configuration, names and layouts translated.

import StrictJSON

/// Tensors of a GGUF model under the names of the hub.
///
/// What only has another name, or is one expert of a stack, stays in the file's mapping. What llama.cpp's converter
/// rearranged (rows of rotated projections, split or merged projections) is put back into memory of its own when asked
/// for: small matrices, never the experts.
final class GGUFModel: TensorSource {
  let source: GGUFSource
  let config: JSONValue
  let architecture: String
  private let recipes: [ByteKey: TensorRecipe]
  private let order: [String]
  private let stacks: [ByteKey: ExpertStackNames]
  private let experts: Int
  private let ownNames: [ByteKey: String]

  /// - Parameter isHeaderOnly: Whether the data may be missing; no tensor may then be asked for.
  init(path: String, isHeaderOnly: Bool = false) throws(CheckpointError) {
    source = try GGUFSource(path: path, isHeaderOnly: isHeaderOnly)
    architecture = try source.metadata.architecture()
    guard let family = GGUFFamilies.named(architecture) else {
      throw CheckpointError(
        path, .invalid("architecture \(architecture.quotedForMessage(limit: 40)) is not known"),
        at: .field("general.architecture"))
    }
    let model = try GGUFHeader(source, architecture)
    config = .object(try family.configuration(model))
    experts = model.experts
    var plan = TensorPlan(model)
    try family.plan(&plan)
    try model.checkAllRead()
    ownNames = plan.ownNames
    recipes = plan.recipes
    order = plan.order
    stacks = plan.stacks
  }

  /// What the file calls a tensor of the hub, be it there or not; the name itself where that is not known.
  func ownName(_ name: String) -> String {
    if let recipe = recipe(for: name), let first = recipe.ingredients.first { return first }
    return ownNames[ByteKey(name)] ?? name
  }

  func checkUnchanged() throws(CheckpointError) {
    for file in source.files { try file.mapping.checkUnchanged() }
  }

  // MARK: - TensorSource

  /// All names, experts one by one.
  var names: [String] {
    order.flatMap { name in
      name.contains("{}")
        ? (0..<experts).map { name.replacing("{}", with: String($0)) } : [name]
    }
  }

  func tensor(named name: String) throws(CheckpointError) -> StoredTensor? {
    guard let recipe = recipe(for: name) else { return nil }
    return try TensorKitchen(source).make(recipe, name: name)
  }

  func description(ofTensor name: String) -> TensorDescription? {
    recipe(for: name).flatMap { TensorKitchen(source).description(of: $0) }
  }

  /// The recipe of a name; `…experts.7.…` is expert 7 of `…experts.{}.…`.
  private func recipe(for name: String) -> TensorRecipe? {
    if let recipe = recipes[ByteKey(name)] { return recipe }
    guard let (pattern, expert) = Self.pattern(of: name), expert < experts,
      case .stack(let tensor)? = recipes[ByteKey(pattern)]
    else { return nil }
    return .expert(expert, of: tensor)
  }

  private static func pattern(of name: String) -> (String, Int)? {
    let marker = ".experts."
    guard let range = name.firstRange(of: marker) else { return nil }
    let digits = name[range.upperBound...].prefix { $0.isASCII && $0.isNumber }
    guard let expert = Int(digits), String(expert) == digits else { return nil }
    return (name[..<range.upperBound] + "{}" + name[digits.endIndex...], expert)
  }

  // MARK: - Experts

  /// What the headers say of a layer's stacks, without mapping anything.
  func stackDescriptions(_ firstName: String) -> [(name: String, TensorDescription)]? {
    guard let names = stacks[ByteKey(firstName)] else { return nil }
    return [names.gate, names.up, names.down].compactMap { name in
      source.entry(name).map {
        (name, TensorDescription(type: $0.type, shape: $0.shape, byteCount: $0.range.count))
      }
    }
  }

  func stackedExperts(_ firstName: String) throws(CheckpointError) -> StackedExperts? {
    guard let names = stacks[ByteKey(firstName)] else { return nil }
    guard let gate = try source.tensor(names.gate), let up = try source.tensor(names.up),
      let down = try source.tensor(names.down)
    else { return nil }
    return StackedExperts(
      gate: gate, up: up, down: down,
      gateBias: try source.tensor(names.biasOfGate), upBias: try source.tensor(names.biasOfUp),
      downBias: try source.tensor(names.biasOfDown))
  }
}

/// The routed experts of one layer as GGUF stores them: three stacks, each in its own format.
public struct StackedExperts: Sendable {
  /// `[experts, intermediate, hidden]`.
  public let gate: StoredTensor
  /// `[experts, intermediate, hidden]`.
  public let up: StoredTensor
  /// `[experts, hidden, intermediate]`.
  public let down: StoredTensor
  /// `[experts, intermediate]`, where the family has biases.
  public let gateBias: StoredTensor?
  public let upBias: StoredTensor?
  /// `[experts, hidden]`.
  public let downBias: StoredTensor?
}

/// GGUF names of one layer's stacks.
struct ExpertStackNames {
  let gate, up, down: String

  init(layer: Int) {
    gate = "blk.\(layer).ffn_gate_exps.weight"
    up = "blk.\(layer).ffn_up_exps.weight"
    down = "blk.\(layer).ffn_down_exps.weight"
  }

  var biasOfGate: String { Self.bias(gate) }
  var biasOfUp: String { Self.bias(up) }
  var biasOfDown: String { Self.bias(down) }

  private static func bias(_ name: String) -> String { name.dropLast("weight".count) + "bias" }
}
