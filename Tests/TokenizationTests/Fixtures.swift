// Where the tokenizers of the tests lie, and how they are read.

import Inference
import StrictJSON
import TestSupport

enum Fixtures {
  static let byteLevel = ["deepseek_v3", "gpt_oss", "mixtral_cl100k", "olmoe", "qwen3_moe"]

  static func json(_ path: String) throws -> JSONValue {
    try RepositoryFile.json("Tests/Fixtures/tokenizers/\(path)")
  }

  static func tokenizer(_ name: String) throws -> Tokenizer {
    try Tokenizer.load(json: json("\(name)/tokenizer.json"))
  }
}

extension JSONValue {
  var ints: [Int] { array?.compactMap(\.int) ?? [] }

  /// The value with the member at `path` replaced, or removed where `value` is nil.
  func setting(_ path: String..., to value: JSONValue?) -> JSONValue {
    setting(path[...], to: value)
  }

  private func setting(_ path: ArraySlice<String>, to new: JSONValue?) -> JSONValue {
    guard var object, let key = path.first else { return self }
    object[key] =
      path.count == 1
      ? new : (object[key] ?? .object(JSONObject())).setting(path.dropFirst(), to: new)
    return .object(object)
  }

  /// The value with one of its parts replaced, or removed, at random.
  func mutated(by replacements: [JSONValue], _ random: inout SplitMix64) -> JSONValue {
    let stops = Int.random(in: 0..<4, using: &random) == 0
    if !stops, var object, let key = object.keys.randomElement(using: &random) {
      object[key] =
        Int.random(in: 0..<8, using: &random) == 0
        ? nil : object[key]?.mutated(by: replacements, &random)
      return .object(object)
    }
    if !stops, var array, let index = array.indices.randomElement(using: &random) {
      array[index] = array[index].mutated(by: replacements, &random)
      return .array(array)
    }
    return replacements.randomElement(using: &random) ?? .null
  }
}
