// The tokenizer that belongs to a model: its folder's tokenizer.json, or its GGUF file's metadata.

import Inference
import StrictJSON

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

enum ModelTokenizer {
  private static let limit = 256 << 20

  /// A tokenizer and its description for people.
  struct Loaded {
    var tokenizer: Tokenizer
    let origin: String
  }

  /// - Parameter path: A folder with `tokenizer.json`, that file itself, or a `.gguf` file.
  /// - Throws: `Failure` with status 66 where there is none.
  static func load(_ path: String) throws -> Loaded {
    if path.hasSuffix(".gguf") { return try load(Checkpoint(path: path)) }
    let file = path.hasSuffix(".json") ? path : path + "/tokenizer.json"
    guard access(path, F_OK) == 0, access(file, F_OK) == 0 else {
      throw Failure(.noInput, "\(file.escapedForMessage()): no such file")
    }
    return try loadJSON(file, folder: path)
  }

  /// The tokenizer of an open checkpoint.
  static func load(_ checkpoint: Checkpoint) throws -> Loaded {
    if let metadata = checkpoint.ggufMetadata {
      return Loaded(
        tokenizer: try Tokenizer.load(gguf: try vocabulary(metadata)), origin: "GGUF metadata")
    }
    let file = checkpoint.path + "/tokenizer.json"
    guard access(file, F_OK) == 0 else {
      throw Failure(
        .noInput, "\(file.escapedForMessage()): no such file, so the model has no tokenizer")
    }
    return try loadJSON(file, folder: checkpoint.path)
  }

  private static func loadJSON(_ file: String, folder: String) throws -> Loaded {
    let bytes = try Checkpoint.contents(ofFile: file, limit: limit)
    do {
      let json = try JSONValue(parsing: bytes, limits: JSONLimits(bytes: limit))
      var tokenizer = try Tokenizer.load(json: json)
      for name in ["generation_config.json", "config.json"] {
        tokenizer.endOfText.formUnion(endIDs("\(folder)/\(name)"))
      }
      return Loaded(tokenizer: tokenizer, origin: "tokenizer.json")
    } catch {
      throw Failure(.badData, "\(file.escapedForMessage()): \(error)")
    }
  }

  /// `eos_token_id` of a configuration: a number or a list; none where the file has none.
  private static func endIDs(_ file: String) -> Set<Int> {
    guard access(file, R_OK) == 0,
      let bytes = try? Checkpoint.contents(ofFile: file, limit: 1 << 20),
      let value = try? JSONValue(parsing: bytes)["eos_token_id"]
    else { return [] }
    if let id = value.int { return [id] }
    return Set((value.array ?? []).compactMap(\.int))
  }

  private static func vocabulary(_ metadata: GGUFMetadata) throws -> GGUFVocabulary {
    guard let model = try metadata.string("tokenizer.ggml.model"),
      let tokens = try metadata.strings("tokenizer.ggml.tokens")
    else {
      throw Failure(.noInput, "\(metadata.file.escapedForMessage()): holds no tokenizer")
    }
    var vocabulary = GGUFVocabulary(model: model, tokens: tokens)
    vocabulary.pre = try metadata.string("tokenizer.ggml.pre")
    vocabulary.merges = try metadata.strings("tokenizer.ggml.merges")
    vocabulary.scores = try metadata.doubles("tokenizer.ggml.scores")?.map { Float($0) }
    vocabulary.tokenTypes = try metadata.integers("tokenizer.ggml.token_type")
    vocabulary.bosID = try metadata.int("tokenizer.ggml.bos_token_id")
    vocabulary.eosID = try metadata.int("tokenizer.ggml.eos_token_id")
    vocabulary.unknownID = try metadata.int("tokenizer.ggml.unknown_token_id")
    vocabulary.otherEndIDs = [try metadata.int("tokenizer.ggml.eot_token_id")].compactMap { $0 }
    vocabulary.addsBOS = try metadata.bool("tokenizer.ggml.add_bos_token")
    vocabulary.addsEOS = try metadata.bool("tokenizer.ggml.add_eos_token")
    vocabulary.addsSpacePrefix = try metadata.bool("tokenizer.ggml.add_space_prefix")
    vocabulary.removesExtraWhitespace = try metadata.bool(
      "tokenizer.ggml.remove_extra_whitespaces")
    vocabulary.hasCharacterMap = metadata["tokenizer.ggml.precompiled_charsmap"] != nil
    return vocabulary
  }
}
