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
    /// What messages name.
    let file: String

    /// Refuses a tokenizer with more tokens than the model has scores for.
    func check(vocabulary: Int) throws {
      guard tokenizer.vocabularySize <= vocabulary else {
        throw Failure(
          .badData,
          "\(file.escapedForMessage()): the tokenizer has \(tokenizer.vocabularySize) tokens, "
            + "the model \(vocabulary)")
      }
    }
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
      let vocabulary = try vocabulary(metadata)
      let file = metadata.file
      do throws(TokenizerError) {
        let tokenizer = try Tokenizer.load(gguf: vocabulary)
        return Loaded(tokenizer: tokenizer, origin: "GGUF metadata", file: file)
      } catch {
        throw Failure(.badData, "\(file.escapedForMessage()): \(error)")
      }
    }
    let file = checkpoint.path + "/tokenizer.json"
    guard exists(file) else {
      throw Failure(
        .noInput, "tokenizer.json: no such file")
    }
    return try loadJSON(file, folder: checkpoint.path)
  }

  /// Whether the folder has an entry of that name, be it a link to nothing: that is a fault and no absence.
  private static func exists(_ file: String) -> Bool {
    var status = stat()
    return lstat(file, &status) == 0
  }

  private static func loadJSON(_ file: String, folder: String) throws -> Loaded {
    let bytes = try Checkpoint.contents(ofFile: file, limit: limit)
    var tokenizer: Tokenizer
    do {
      let json = try JSONValue(parsing: bytes, limits: JSONLimits(bytes: limit))
      tokenizer = try Tokenizer.load(json: json)
    } catch {
      throw Failure(.badData, "\(file.escapedForMessage()): \(error)")
    }
    for name in ["generation_config.json", "config.json"] {
      try tokenizer.endOfText.formUnion(endIDs("\(folder)/\(name)"))
    }
    return Loaded(tokenizer: tokenizer, origin: "tokenizer.json", file: file)
  }

  /// `eos_token_id` of a configuration, a number or a list; none where there is no such file or field.
  private static func endIDs(_ file: String) throws -> Set<Int> {
    guard exists(file) else { return [] }
    let bytes = try Checkpoint.contents(ofFile: file, limit: 4 << 20)
    let value: JSONValue
    do {
      value = try JSONValue(parsing: bytes, limits: JSONLimits(acceptsNonFinite: true))
    } catch {
      throw Failure(.badData, "\(file.escapedForMessage()): \(error)")
    }
    // A model that also sees keeps its decoder's fields one level down.
    let field = value["eos_token_id"] ?? value["text_config"]?["eos_token_id"]
    guard let field, !field.isNull else { return [] }
    let ids = (field.array ?? [field]).map(\.int)
    guard ids.allSatisfy({ $0 != nil }) else {
      throw Failure(
        .badData,
        "\(file.escapedForMessage()): \"eos_token_id\": is neither an integer nor a list of them")
    }
    return Set(ids.compactMap { $0 })
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
