// What a measurement of a server is given: its key and its prompts.

import Endpoint
import Foundation
import Inference
import Models

enum EndpointKey {
  private static let limit = 64 << 10

  /// The key of the file, else of the environment; nil where there is none.
  ///
  /// - Throws: `Failure` that names the place, never the key.
  static func read(file: String?) throws -> APIKey? {
    if let file {
      let bytes = try InputFile(path: file).readAll(limit: limit)
      guard let key = APIKey(String(decoding: bytes, as: UTF8.self)) else {
        throw Failure(
          .badData, "\(ResultFile.name(file)): holds no API key of printable characters")
      }
      return key
    }
    for name in ["MOEBENCH_API_KEY", "OPENAI_API_KEY"] {
      guard let value = ProcessInfo.processInfo.environment[name], !value.isEmpty else { continue }
      guard let key = APIKey(value) else {
        throw Failure(.usage, "\(name): is no API key of printable characters")
      }
      return key
    }
    return nil
  }
}

enum EndpointPrompts {
  private static let limit = 64 << 20

  static func text(_ file: String?) throws -> (bytes: [UInt8], origin: String) {
    guard let file else { return (PromptText.builtIn, "Benchmarks/prompts") }
    let bytes = try Checkpoint.contents(ofFile: file, limit: limit)
    guard !bytes.isEmpty else { throw Failure(.badData, "\(ResultFile.name(file)): is empty") }
    return (bytes, ResultFile.name(file))
  }
}
