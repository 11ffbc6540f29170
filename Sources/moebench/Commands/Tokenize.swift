// moebench tokenize: text to token ids and back.

import ArgumentParser
import Inference
import StrictJSON

struct Tokenize: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print the token ids of a text as a JSON array, or the text of token ids.",
    discussion:
      "Special tokens in the text are recognised; none is added without --special. Without --text, --file or --decode the text is read from standard input."
  )

  @Argument(help: "A folder with tokenizer.json, or a .gguf file.")
  var model: String

  @Option(help: "The text.")
  var text: String?

  @Option(help: "A file with the text.")
  var file: String?

  @Flag(help: "Add what the model's own post-processor adds: begin- and end-of-text tokens.")
  var special = false

  @Option(
    help: ArgumentHelp("Token ids, separated by commas, to turn into text.", valueName: "ids"))
  var decode: String?

  mutating func validate() throws {
    if [text, file, decode].compactMap({ $0 }).count > 1 {
      throw ValidationError("--text, --file and --decode exclude each other")
    }
  }

  mutating func run() throws {
    let tokenizer = try ModelTokenizer.load(model).tokenizer
    if let decode {
      let ids = try decode.split(separator: ",").map { piece in
        guard let id = Int(piece.trimmingPrefix(" ")) else {
          throw ValidationError("--decode: \"\(piece)\" is not a token id")
        }
        return id
      }
      do { return Output.standard(try tokenizer.decode(ids)) } catch {
        // Ids come from the command line, not from a file.
        throw Failure(.usage, "--decode: \(error)")
      }
    }
    let bytes: [UInt8] =
      if let text { Array(text.utf8) } else if let file {
        try Checkpoint.contents(ofFile: file, limit: 1 << 30)
      } else { Output.readStandardInput() }
    let ids = try tokenizer.encode(utf8: bytes, special: special)
    Output.standard(try JSONValue.array(ids.map { JSONValue($0) }).text() + "\n")
  }
}
