// moebench generate: stream a continuation, so that one sees words before believing a number.

import ArgumentParser
import Inference
import Measurement
import Reports

struct Generate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Continue a text with a model.",
    discussion:
      "The prompt is continued as it stands: chat templates are not run. Greedy unless --temperature is above 0."
  )

  @Argument(help: "A Hugging Face directory or a .gguf file.")
  var model: String

  @Option(help: "The text to continue.")
  var prompt: String

  @Option(name: [.customShort("n"), .long], parsing: .unconditional, help: "Tokens at most.")
  var tokens = 128

  @Option(parsing: .unconditional, help: "Randomness: 0 takes the likeliest token.")
  var temperature = 0.0

  @Option(
    parsing: .unconditional,
    help: "Draw only among the likeliest tokens that together have this probability.")
  var topP = 1.0

  @Option(help: "Seed of the draws.")
  var seed: UInt64 = 0

  @Option(
    name: [.short, .long], parsing: .unconditional, help: "Threads (default: physical cores).")
  var threads: Int?

  @Option(help: ArgumentHelp("Convert the weights to this format on loading.", valueName: "format"))
  var weights: String?

  @OptionGroup var cache: CacheOptions

  mutating func validate() throws {
    guard tokens >= 0 && tokens <= 1 << 20 else {
      throw ValidationError("-n \(tokens): must be between 0 and \(1 << 20)")
    }
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads \(threads): must be between 1 and 1024")
    }
  }

  mutating func run() throws {
    let checkpoint = try Checkpoint(path: model)
    let description = try ModelSource.naming(checkpoint) {
      let description = try Architectures.describe(checkpoint)
      try CheckpointAudit.check(description, checkpoint)
      return description
    }
    let loaded = try ModelTokenizer.load(checkpoint)
    try loaded.check(vocabulary: description.vocabulary)
    let tokenizer = loaded.tokenizer
    let prompt = try tokenizer.encode(self.prompt, special: true)
    guard !prompt.isEmpty else { throw Failure(.usage, "--prompt: has no tokens") }
    let format = try EngineOptions.format(named: weights)
    let options = DecoderOptions(
      threads: threads ?? Environment.current().usableThreads, positions: prompt.count + tokens + 1,
      batch: min(prompt.count, 512), cacheFormat: try cache.format())
    let decoder = try ModelSource.naming(checkpoint) {
      try Decoder(
        description,
        weights: CheckpointWeights(checkpoint, format: format), options: options)
    }
    var sampler = try Sampler(temperature: temperature, topP: topP, seed: seed)
    Interruption.install()
    Interruption.keepsResults()
    let generation = try ModelSource.naming(checkpoint) {
      try stream(decoder, tokenizer, prompt, &sampler)
    }
    try checkpoint.checkUnchanged()
    Output.error(generation + "\n")
    if let status = Interruption.status { Failure.terminate(status) }
  }

  /// Prints tokens as they come; returns the line about speed.
  private func stream(
    _ decoder: Decoder, _ tokenizer: Tokenizer, _ prompt: [Int], _ sampler: inout Sampler
  ) throws -> String {
    var words = StreamingDecoder(tokenizer)
    let clock = SystemClock()
    let start = clock.now()
    var scores = try decoder.prefill(prompt)
    let prefilled = clock.now()
    var count = 0
    while count < tokens && !Interruption.cancellation.isCancelled {
      let next = try scores.withRow(0) { (row) throws(EngineError) in try sampler.next(row) }
      count += 1
      if tokenizer.endOfText.contains(next) { break }
      Output.standard(try words.push(next))
      if count < tokens { scores = try decoder.forward([(0, [next])], scoring: .last) }
    }
    Output.standard(words.finish() + "\n")
    let end = clock.now()
    let decodeSteps = Double(max(count - 1, 0))
    return "prefill \(prompt.count) tokens, "
      + "\(Number.short(Double(prompt.count) / max(prefilled - start, 1e-9))) tokens/s; "
      + "decode \(count) tokens, "
      + "\(Number.short(decodeSteps / max(end - prefilled, 1e-9))) tokens/s"
  }
}

extension Decoder {
  /// Feeds a prompt to sequence 0 in passes the decoder can hold; the last token's scores.
  fileprivate func prefill(_ prompt: [Int]) throws(EngineError) -> Matrix {
    var rest = prompt[...]
    while rest.count > options.batch {
      try forward([(0, rest.prefix(options.batch))], scoring: .none)
      rest = rest.dropFirst(options.batch)
    }
    return try forward([(0, rest)], scoring: .last)
  }
}
