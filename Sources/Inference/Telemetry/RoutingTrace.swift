// Which experts a model's routers chose for each token of a text, to be replayed on weights of another origin.

import StrictJSON

/// Why a routing trace cannot be used.
public struct RoutingTraceError: Error, Hashable, Sendable, CustomStringConvertible {
  public let file: String
  public let field: String
  public let rule: String

  public var description: String {
    let place = field.isEmpty ? "" : " \(field):"
    return "\(file.escapedForMessage(limit: 120)):\(place) \(rule)"
  }
}

/// The choices of every mixture of a model, token by token.
public struct RoutingTrace: Sendable, Equatable {
  public static let schema = "moebench.routing/1"

  /// One mixture's choices.
  public struct Layer: Sendable, Equatable {
    /// Which layer of its model.
    public let layer: Int
    public let experts: Int
    public let expertsPerToken: Int
    /// `[tokens, expertsPerToken]`, different ones in a row.
    public let choices: [Int32]

    public init(layer: Int, experts: Int, expertsPerToken: Int, choices: [Int32]) {
      self.layer = layer
      self.experts = experts
      self.expertsPerToken = expertsPerToken
      self.choices = choices
    }
  }

  public let model: String
  /// What the tokens were: a text's name, or how they were drawn.
  public let tokensFrom: String
  public let tokens: Int
  public let layers: [Layer]

  public init(model: String, tokensFrom: String, tokens: Int, layers: [Layer]) {
    self.model = model
    self.tokensFrom = tokensFrom
    self.tokens = tokens
    self.layers = layers
  }

  /// Where a sequence begins in the record: far from its neighbours, so that sequences decoded together differ.
  private static let stride = 257

  func replay(
    mixture: Int, sequence: Int, position: Int, k: Int, into out: UnsafeMutablePointer<Int32>
  ) -> Bool {
    let layer = layers[mixture % layers.count]
    guard layer.expertsPerToken == k else { return false }
    let token = (position + sequence * Self.stride) % tokens
    for i in 0..<k { out[i] = layer.choices[token * k + i] }
    return true
  }

  /// - Parameter file: The trace's name, for the message.
  /// - Throws: ``RoutingTraceError`` where the mixtures have other counts than the recorded ones.
  public func check(_ shapes: [MixtureShape], file: String) throws(RoutingTraceError) {
    for (mixture, shape) in shapes.enumerated() {
      let layer = layers[mixture % layers.count]
      guard layer.experts == shape.experts, layer.expertsPerToken == shape.expertsPerToken else {
        throw RoutingTraceError(
          file: file, field: "layers[\(mixture % layers.count)]",
          rule: "has \(layer.expertsPerToken) of \(layer.experts) experts a token, the model's "
            + "layer \(shape.layer) \(shape.expertsPerToken) of \(shape.experts)")
      }
    }
  }
}
