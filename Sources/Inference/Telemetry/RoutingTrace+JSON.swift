// Routing traces as documents, schema moebench.routing/1; a file is hostile until proven otherwise.

import StrictJSON

extension RoutingTrace {
  public static let limits = JSONLimits(bytes: 256 << 20, depth: 8, values: 32 << 20)
  private static let layerLimit = 4096
  private static let expertLimit = 65536
  private static let tokenLimit = 1 << 24

  public var json: JSONValue {
    [
      "schema": .string(Self.schema), "model": .string(model), "tokens_from": .string(tokensFrom),
      "tokens": JSONValue(tokens), "layers": .array(layers.map(\.json)),
    ]
  }

  /// - Throws: ``RoutingTraceError`` naming file, field and rule.
  public init(parsing bytes: [UInt8], file: String) throws(RoutingTraceError) {
    let document: JSONValue
    do {
      document = try JSONValue(parsing: bytes, limits: Self.limits)
    } catch {
      throw RoutingTraceError(file: file, field: "", rule: error.description)
    }
    let reader = Reader(file: file)
    guard document.object != nil else {
      throw reader.fault("", "is \(document.kind), not an object")
    }
    let schema = try reader.string(document, "schema", "schema")
    guard schema == Self.schema else {
      throw reader.fault("schema", "is \(schema.quotedForMessage(limit: 40)), not \(Self.schema)")
    }
    model = try reader.string(document, "model", "model")
    tokensFrom = try reader.string(document, "tokens_from", "tokens_from")
    tokens = try reader.int(document, "tokens", "tokens", in: 1...Self.tokenLimit)
    guard let list = document["layers"]?.array else {
      throw reader.fault("layers", "is missing or no array")
    }
    guard (1...Self.layerLimit).contains(list.count) else {
      throw reader.fault("layers", "has \(list.count) entries, outside 1...\(Self.layerLimit)")
    }
    var layers: [Layer] = []
    for (index, value) in list.enumerated() {
      layers.append(try reader.layer(value, "layers[\(index)]", tokens: tokens))
    }
    self.layers = layers
  }

  private struct Reader {
    let file: String

    func fault(_ field: String, _ rule: String) -> RoutingTraceError {
      RoutingTraceError(file: file, field: field, rule: rule)
    }

    func string(_ value: JSONValue, _ key: String, _ field: String)
      throws(RoutingTraceError) -> String
    {
      guard let member = value[key] else { throw fault(field, "is missing") }
      guard let string = member.string else {
        throw fault(field, "is \(member.kind), not a string")
      }
      return string
    }

    func int(_ value: JSONValue, _ key: String, _ field: String, in range: ClosedRange<Int>)
      throws(RoutingTraceError) -> Int
    {
      guard let member = value[key] else { throw fault(field, "is missing") }
      guard let number = member.number?.wholeInt else {
        throw fault(field, "is \(member.kind), not a whole number")
      }
      guard range.contains(number) else {
        throw fault(field, "is \(number), outside \(range.lowerBound)...\(range.upperBound)")
      }
      return number
    }

    func layer(_ value: JSONValue, _ place: String, tokens: Int)
      throws(RoutingTraceError) -> Layer
    {
      guard value.object != nil else { throw fault(place, "is \(value.kind), not an object") }
      let number = try int(value, "layer", "\(place).layer", in: 0...RoutingTrace.layerLimit)
      let experts = try int(value, "experts", "\(place).experts", in: 1...RoutingTrace.expertLimit)
      let k = try int(value, "experts_per_token", "\(place).experts_per_token", in: 1...experts)
      guard let rows = value["choices"]?.array else {
        throw fault("\(place).choices", "is missing or no array")
      }
      guard rows.count == tokens else {
        throw fault("\(place).choices", "has \(rows.count) rows for \(tokens) tokens")
      }
      var choices: [Int32] = []
      choices.reserveCapacity(tokens * k)
      for (index, row) in rows.enumerated() {
        choices += try self.row(row, "\(place).choices[\(index)]", experts: experts, k: k)
      }
      return Layer(layer: number, experts: experts, expertsPerToken: k, choices: choices)
    }

    private func row(_ value: JSONValue, _ place: String, experts: Int, k: Int)
      throws(RoutingTraceError) -> [Int32]
    {
      guard let list = value.array, list.count == k else {
        throw fault(place, "is not a list of \(k) experts")
      }
      var row: [Int32] = []
      for element in list {
        guard let expert = element.number?.wholeInt, (0..<experts).contains(expert) else {
          throw fault(place, "holds something other than experts in 0..<\(experts)")
        }
        let id = Int32(truncatingIfNeeded: expert)
        guard !row.contains(id) else { throw fault(place, "names expert \(expert) twice") }
        row.append(id)
      }
      return row
    }
  }
}

extension RoutingTrace.Layer {
  fileprivate var json: JSONValue {
    let rows = stride(from: 0, to: choices.count, by: expertsPerToken).map { start in
      JSONValue.array(choices[start..<(start + expertsPerToken)].map { JSONValue(Int($0)) })
    }
    return [
      "layer": JSONValue(layer), "experts": JSONValue(experts),
      "experts_per_token": JSONValue(expertsPerToken), "choices": .array(rows),
    ]
  }
}

extension RoutingRecorder {
  /// What was chosen since the last reset; nil where nothing was kept, or a model without routed experts.
  public func trace(model: String, tokensFrom: String) -> RoutingTrace? {
    let layers = zip(shapes, choices).map { shape, kept in
      RoutingTrace.Layer(
        layer: shape.layer, experts: shape.experts, expertsPerToken: shape.expertsPerToken,
        choices: kept.experts)
    }
    guard let first = layers.first, !first.choices.isEmpty else { return nil }
    return RoutingTrace(
      model: model, tokensFrom: tokensFrom,
      tokens: first.choices.count / first.expertsPerToken, layers: layers)
  }
}
