// The tokens a run is made of: a text's own where there is a tokenizer, drawn from a seed where not.

import Inference
import Models
import Reports
import StrictJSON
import Targets

/// What the sequences of a run are made of, and how a document names it.
struct RunText {
  let stream: TokenStream
  /// For the document: "Benchmarks/prompts", a file's name, or "random tokens, seed 1".
  let origin: String
  let warning: RunReport.Warning?

  private static let limit = 64 << 20

  /// - Throws: `Failure` where a text was asked for and there is no tokenizer to read it with.
  init(_ source: ModelSource, promptFile: String?, vocabulary: Int, seed: UInt64) throws {
    let random = TokenStream.random(vocabulary: vocabulary, seed: seed)
    guard case .checkpoint(let checkpoint, _) = source else {
      if promptFile != nil {
        throw Failure(.usage, "--prompt-file: synthetic weights have no tokenizer")
      }
      self.init(stream: random, origin: "random tokens, seed \(seed)", warning: nil)
      return
    }
    let tokenizer: Tokenizer
    do {
      tokenizer = try ModelTokenizer.load(checkpoint).tokenizer
    } catch {
      guard promptFile == nil else { throw error }
      self.init(
        stream: random, origin: "random tokens, seed \(seed)",
        warning: .init(
          code: "random_tokens",
          message: "no tokenizer (\(error)): random tokens, so the experts' load is not a text's"))
      return
    }
    let bytes =
      if let promptFile { try Checkpoint.contents(ofFile: promptFile, limit: Self.limit) } else {
        PromptText.builtIn
      }
    let tokens = try tokenizer.encode(utf8: bytes)
    guard !tokens.isEmpty, tokens.allSatisfy({ $0 < vocabulary }) else {
      throw Failure(
        .badData,
        "\(promptFile ?? "prompts"): no tokens, or tokens outside the vocabulary of \(vocabulary)")
    }
    self.init(
      stream: .text(tokens),
      origin: promptFile?.split(separator: "/").last.map(String.init) ?? "Benchmarks/prompts",
      warning: nil)
  }

  private init(stream: TokenStream, origin: String, warning: RunReport.Warning?) {
    self.stream = stream
    self.origin = origin
    self.warning = warning
  }
}
