// Which weights a model has: names, shapes and what they are for. Loading, counting and generating all read these.

/// What a weight does, as far as counting and generating care.
public enum ParameterRole: String, Sendable, Codable, CaseIterable {
  case embedding, head, norm, attention, recurrence, router
  case routedExpert = "routed_expert"
  case sharedExpert = "shared_expert"
  case denseFeedForward = "dense_feed_forward"
  case other
}

/// Where synthetic values of a weight are drawn from.
public enum SyntheticDistribution: Sendable, Hashable {
  /// Normal with standard deviation `gain / sqrt(columns)`: activations keep their size through a projection.
  case fanIn(gain: Float)
  case constant(Float)
  case uniform(Float, Float)
  /// The logarithm of a uniform variable, as state-space models initialise their decay.
  case logUniform(Float, Float)
}

/// One weight of a model: a matrix `[rows, columns]` or, with one row, a vector.
public struct Parameter: Sendable, Hashable {
  /// How the stored tensor holds this weight.
  public enum Storage: Sendable, Hashable {
    /// The tensor is the weight, up to dimensions of size 1.
    case whole
    /// Rows `offset ..< offset + rows` of a tensor with `total` rows.
    case rows(offset: Int, total: Int)
  }

  /// The tensor's name in the checkpoint.
  public var name: String
  public var rows: Int
  public var columns: Int
  public var role: ParameterRole
  public var storage: Storage = .whole
  public var distribution: SyntheticDistribution
  /// Whether `--weights` may change its format: projections yes, routers and vectors no.
  public var isQuantizable: Bool
  /// Where products take the rows in groups of this many, and not all together.
  public var rowGroup: Int?

  public init(
    matrix name: String, rows: Int, columns: Int, role: ParameterRole,
    storage: Storage = .whole, gain: Float = 1
  ) {
    self.name = name
    self.rows = rows
    self.columns = columns
    self.role = role
    self.storage = storage
    distribution = .fanIn(gain: gain)
    isQuantizable = role != .router
  }

  public init(
    vector name: String, count: Int, role: ParameterRole,
    distribution: SyntheticDistribution = .constant(0), storage: Storage = .whole
  ) {
    self.name = name
    rows = 1
    columns = count
    self.role = role
    self.storage = storage
    self.distribution = distribution
    isQuantizable = false
  }

  /// A small matrix `[rows, columns]` that is used as floats, and loaded as a vector of all its rows: the taps of a
  /// convolution, the decays of a state space.
  public init(
    floats name: String, rows: Int, columns: Int, role: ParameterRole,
    distribution: SyntheticDistribution
  ) {
    self.init(vector: name, count: columns, role: role, distribution: distribution)
    self.rows = rows
  }

  public var count: Int { rows * columns }

  /// The format this weight gets when `format` is asked for: rows that do not fill its blocks take a smaller block,
  /// routers and vectors stay floats.
  func storedFormat(asking format: WeightFormat) -> WeightFormat {
    guard isQuantizable else { return .f32 }
    if format.rowBytes(columns) != nil { return format }
    return WeightFormat.q8_0.rowBytes(columns) != nil ? .q8_0 : .f16
  }

  /// Bytes of this weight when `format` is asked for.
  func byteCount(asking format: WeightFormat) -> Int {
    rows * (storedFormat(asking: format).rowBytes(columns) ?? columns * 4)
  }
}

/// A projection's place in a checkpoint.
public struct LinearDescription: Sendable, Hashable {
  public var weight: Parameter
  public var bias: Parameter?

  /// - Parameters:
  ///   - name: The module's name; the tensors are `name.weight` and, where there is one, `name.bias`.
  public init(
    _ name: String, inputs: Int, outputs: Int, role: ParameterRole, bias: Bool = false,
    gain: Float = 1
  ) {
    weight = Parameter(
      matrix: name + ".weight", rows: outputs, columns: inputs, role: role, gain: gain)
    self.bias =
      bias
      ? Parameter(
        vector: name + ".bias", count: outputs, role: role, distribution: .uniform(-0.02, 0.02))
      : nil
  }

  public init(weight: Parameter, bias: Parameter? = nil) {
    self.weight = weight
    self.bias = bias
  }

  public var inputs: Int { weight.columns }
  public var outputs: Int { weight.rows }
}

/// A normalisation's place in a checkpoint.
public struct NormDescription: Sendable, Hashable {
  /// What is normalised by: the root mean square, or mean and variance.
  public enum Kind: Sendable, Hashable {
    /// `weight + offset` multiplies; zero-centred checkpoints store `weight` around 0 with offset 1.
    case rms(offset: Float)
    case layer(bias: Bool)
  }

  /// The module's name: `name.weight`, `name.bias`.
  public var name: String
  public var count: Int
  public var epsilon: Float
  public var kind: Kind

  public init(_ name: String, count: Int, epsilon: Float, kind: Kind = .rms(offset: 0)) {
    self.name = name
    self.count = count
    self.epsilon = epsilon
    self.kind = kind
  }

  var weight: Parameter {
    let center: Float = if case .rms(let offset) = kind { 1 - offset } else { 1 }
    return Parameter(
      vector: name + ".weight", count: count, role: .norm, distribution: .constant(center))
  }
}

/// The routed experts' place in a checkpoint.
public struct ExpertsDescription: Sendable, Hashable {
  /// Tensor names by layout; `{}` stands for the expert's number.
  public enum Layout: Sendable, Hashable {
    /// A tensor for each expert and projection, `[I, H]`, `[I, H]`, `[H, I]`.
    case separate(gate: String, up: String, down: String)
    /// `[E, 2I, H]`, gate rows first, and `[E, H, I]`.
    case fused(gateUp: String, down: String)
    /// `[E, H, 2I]` and `[E, I, H]`: inputs first. Gate and up are halves, or alternate.
    case transposed(gateUp: String, down: String, interleaved: Bool)
    /// Gate and up rows alternate: `[E, 2I, H / 32, 16]` nibbles and `[E, 2I, H / 32]` exponents, likewise down.
    case mxfp4(
      gateUpBlocks: String, gateUpScales: String, downBlocks: String, downScales: String)
  }

  public var count: Int
  public var hidden: Int
  public var intermediate: Int
  public var layout: Layout
  /// Bias tensors `[E, 2I]` and `[E, H]`, gate and up interleaved as in the weights.
  public var gateUpBias: String?
  public var downBias: String?

  public init(count: Int, hidden: Int, intermediate: Int, layout: Layout) {
    self.count = count
    self.hidden = hidden
    self.intermediate = intermediate
    self.layout = layout
  }

  /// Weights of one expert.
  public var parametersPerExpert: Int {
    3 * hidden * intermediate + (gateUpBias == nil ? 0 : 2 * intermediate)
      + (downBias == nil ? 0 : hidden)
  }
}

/// Where weights come from: a checkpoint, a generator, or nowhere when they are only counted.
///
/// Building a model asks for every weight exactly once.
public protocol WeightSource: AnyObject {
  /// Whether weights can be read while the model is built; false where they are only counted.
  var hasValues: Bool { get }
  func matrix(_ parameter: Parameter) throws -> WeightMatrix
  func vector(_ parameter: Parameter) throws -> Vector
  func experts(_ description: ExpertsDescription) throws -> ExpertBank
  /// A table of expert numbers by token, `[vocabulary, experts]` (DeepSeek-V4's hash layers).
  func expertTable(
    _ name: String, vocabulary: Int, expertsPerToken: Int, experts: Int
  ) throws -> [Int32]
}

extension WeightSource {
  public var hasValues: Bool { true }

  func linear(_ description: LinearDescription) throws -> Linear {
    Linear(weight: try matrix(description.weight), bias: try description.bias.map(vector))
  }

  func norm(_ description: NormDescription) throws -> Norm {
    let weight = try vector(description.weight)
    switch description.kind {
    case .rms(let offset):
      return .rms(weight: weight, offset: offset, epsilon: description.epsilon)
    case .layer(let hasBias):
      let bias = Parameter(
        vector: description.name + ".bias", count: description.count, role: .norm)
      return .layer(
        weight: weight, bias: hasBias ? try vector(bias) : nil, epsilon: description.epsilon)
    }
  }
}
