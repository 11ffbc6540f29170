// Text in and out of the program, against what transformers made of a checkpoint with a tokenizer.

import Foundation
import StrictJSON
import TestSupport
import Testing

@Suite(.runsPrograms) struct TextTests {
  private let model = Fixture.path("qwen3_moe_tok")

  private func cases(_ key: String, atLeast count: Int) throws -> [JSONValue] {
    let golden = try RepositoryFile.json(
      "Tests/Fixtures/checkpoints/qwen3_moe_tok/text_golden.json")
    let cases = try #require(golden[key]?.array)
    try #require(cases.count >= count)
    return cases
  }

  private func ids(_ value: JSONValue?) throws -> String {
    try #require(value?.array).map { String(try #require($0.int)) }.joined(separator: ",")
  }

  @Test("tokenize gives the reference's ids, and --decode its text")
  func tokenize() throws {
    let folder = try ScratchFolder()
    for entry in try cases("tokenizer_cases", atLeast: 24) {
      let text = try #require(entry["text"]?.string)
      let file = try folder.file("text", text)
      let encoded = try Program.run("tokenize", model, "--file", file)
      #expect(encoded.status == 0, "\(encoded.error)")
      #expect(try JSONValue(parsing: encoded.output) == entry["ids"], "\(text.debugDescription)")
      let decoded = try Program.run("tokenize", model, "--decode", ids(entry["ids"]))
      #expect(decoded.status == 0, "\(decoded.error)")
      #expect(decoded.output == entry["decoded"]?.string, "\(text.debugDescription)")
    }
    let option = try Program.run("tokenize", model, "--text", "Hello, world!")
    #expect(option.output == "[39,68,273,78,11,278,262,287,0]\n")
  }

  @Test("generate continues each prompt as the reference does, logits by the same tokens")
  func generate() throws {
    let schema = try SchemaValidator(named: "logits")
    for entry in try cases("cases", atLeast: 6) {
      let prompt = try #require(entry["prompt"]?.string)
      let text = try Program.run("generate", model, "--prompt", prompt, "-n", "8", "-t", "1")
      #expect(text.status == 0, "\(text.error)")
      #expect(text.output == (entry["greedy_text"]?.string ?? "") + "\n", "\(prompt)")
      let scores = try Program.run(
        "logits", model, "--tokens", ids(entry["prompt_ids"]), "--greedy", "8")
      #expect(scores.status == 0, "\(scores.error)")
      let json = try JSONValue(parsing: scores.output)
      #expect(schema.violations(of: json) == [])
      #expect(json["greedy"] == entry["greedy_ids"], "\(prompt)")
      #expect(json["tokens"] == entry["prompt_ids"])
      #expect(json["logits"]?.array?.count == entry["prompt_ids"]?.array?.count)
    }
  }

  @Test(
    "what is no token, no text or no tokenizer is refused",
    arguments: [
      (["tokenize", "qwen3_moe_tok", "--decode", "1,x"], 64),
      (["tokenize", "qwen3_moe_tok", "--decode", "1", "--text", "a"], 64),
      (["tokenize", "qwen3_moe_tok", "--file", "/no/such/text"], 66),
      (["tokenize", "olmoe", "--text", "a"], 66),
      (["generate", "qwen3_moe_tok", "--prompt", "a", "-n", "-1"], 64),
    ])
  func refusals(_ arguments: [String], _ status: Int) throws {
    let result = try Program.run(
      arguments[0], Fixture.path(arguments[1]), arguments: Array(arguments.dropFirst(2)))
    #expect(result.status == Int32(status), "\(result.error)")
    #expect(result.output.isEmpty && !result.error.isEmpty)
  }

  @Test("results of another tool become a valid result with a cost")
  func imported() throws {
    let result = try Program.run(
      "import", Fixture.imports("vllm-serve-0.33.0.json"), "--rental", "2", "-o", "json")
    #expect(result.status == 0, "\(result.error)")
    let json = try JSONValue(parsing: result.output)
    let schema = try SchemaValidator(named: "result")
    #expect(schema.violations(of: json) == [])
    #expect(json["model"]?["source"]?.string == "imported")
    #expect(json["cost"]?["usd_per_million_output"]?["value"]?.double ?? 0 > 0)
  }
}
