// Files that are damaged, contradict themselves or are of no known tool; and files with more or less than usual.

import Foundation
import Import
import Models
import Reports
import StrictJSON
import Testing

@Suite struct NonsenseTests {
  /// A file with one text replaced, which must be in it.
  private func changed(_ name: String, _ old: String, _ new: String) throws -> [UInt8] {
    let text = String(decoding: try ImportTests.bytes(name), as: UTF8.self)
    let range = try #require(text.firstRange(of: old), "\(name) has no \(old)")
    return Array(text.replacingCharacters(in: range, with: new).utf8)
  }

  private let row =
    #"{"n_prompt": 8, "n_gen": 0, "avg_ts": 4.0, "samples_ns": [2000000000], "samples_ts": [4.0]}"#

  @Test("only n_prompt, n_gen and avg_ts are required, and unknown keys are kept")
  func tolerant() throws {
    let bare = #"[{"n_prompt": 8, "n_gen": 0, "avg_ts": 4, "new_key": [true, 1], "embeddings": 0}]"#
    let document = try #require(ImportTests.documents(Array(bare.utf8)).first)
    let test = try #require(document["tests"]?[0])
    #expect(test["samples"]?[0]?["seconds"]?.double == 2)
    #expect(test["imported"]?["new_key"]?[0]?.bool == true)
    #expect(document["model"]?["name"]?.string == "unknown")
  }

  @Test(
    "statistics that the samples do not give are refused",
    arguments: [
      (#""avg_ts": 4.0"#, #""avg_ts": 4.1"#, "avg_ts"),
      (#""samples_ts": [4.0]"#, #""samples_ts": [5.0]"#, "samples_ts[0]"),
      (#""samples_ts": [4.0]"#, #""samples_ts": [4.0, 4.0]"#, "samples_ts"),
      (#""samples_ns": [2000000000]"#, #""samples_ns": [-1]"#, "samples_ns[0]"),
      (#""samples_ns": [2000000000]"#, #""samples_ns": [NaN]"#, "samples_ns[0]"),
      (#""samples_ns": [2000000000]"#, #""samples_ns": ["2"]"#, "samples_ns[0]"),
      (#""n_prompt": 8"#, #""n_prompt": -8"#, "n_prompt"),
      (#""n_prompt": 8"#, #""n_prompt": 1e30"#, "n_prompt"),
      (#""n_prompt": 8"#, #""n_prompt": 0"#, ""),
      (#""avg_ts": 4.0"#, #""avg_ts": null, "x": 1"#, "avg_ts"),
    ])
  func contradictions(old: String, new: String, place: String) throws {
    let text = row.replacing(old, with: new)
    let error = #expect(throws: DataError.self) {
      try ImportTests.documents(Array("[\(text)]".utf8))
    }
    #expect(error?.path.hasSuffix(place) == true, "\(String(describing: error))")
  }

  @Test(
    "served results that contradict themselves are refused",
    arguments: [
      ("vllm-serve-detailed-0.33.0.json", "\"completed\": 11", "\"completed\": 12"),
      ("vllm-serve-detailed-0.33.0.json", "\"output_throughput\": ", "\"output_throughput\": 9"),
      ("vllm-serve-detailed-0.33.0.json", "\"mean_ttft_ms\": ", "\"mean_ttft_ms\": 9"),
      ("vllm-serve-0.33.0.json", "\"duration\": ", "\"duration\": -"),
      ("vllm-throughput.json", "409.6", "509.6"),
      ("guidellm-0.8.1.json", "\"request_latency\": 0.", "\"request_latency\": 1."),
      (
        "aiperf-0.13.0.jsonl", "\"request_latency\":{\"value\":1",
        "\"request_latency\":{\"value\":2"
      ),
      ("llama-batched-bench.jsonl", "\"t_pp\": ", "\"t_pp\": 9"),
      ("llama-bench.csv", "\"16\",\"0\",\"0\"", "\"16\",\"0\""),
    ])
  func served(name: String, old: String, new: String) throws {
    let bytes = try changed(name, old, new)
    #expect(throws: DataError.self) { try ImportTests.documents(bytes, name) }
  }

  @Test(
    "counts and times beyond all bounds are refused at their place, never a crash",
    arguments: [
      (
        "vllm-serve-0.33.0.json", #""max_concurrency": 4"#, #""max_concurrency": 1e300"#,
        "max_concurrency"
      ),
      (
        "vllm-serve-0.33.0.json", #""mean_e2el_ms": 252.9903675445398"#, #""mean_e2el_ms": 1e300"#,
        ""
      ),
      (
        "aiperf-0.13.0.json", #""input_config": {"#,
        #""input_config": {"loadgen": {"concurrency": 1e300},"#,
        "input_config.loadgen.concurrency"
      ),
      ("guidellm-0.8.1.json", #""streams": 2,"#, #""streams": 1e300,"#, "strategy.streams"),
      (
        "guidellm-0.8.1.json", #""start_time": 1795246258.643539"#, #""start_time": 1e300"#,
        "start_time"
      ),
    ])
  func unbounded(name: String, old: String, new: String, place: String) throws {
    let bytes = try changed(name, old, new)
    let error = #expect(throws: DataError.self) { try ImportTests.documents(bytes, name) }
    #expect(error?.path.hasSuffix(place) == true, "\(String(describing: error))")
  }

  @Test("means of tokens whose sum no whole number holds are refused, never a crash")
  func unboundedMeans() throws {
    let mean: JSONValue = ["successful": ["mean": 9_200_000_000_000_000_000]]
    let file: JSONValue = [
      "benchmarks": [
        [
          "duration": 1,
          "metrics": [
            "request_totals": ["successful": 1], "prompt_token_count": mean,
            "output_token_count": mean, "request_latency": ["successful": ["mean": 1]],
          ],
        ]
      ]
    ]
    let error = #expect(throws: DataError.self) { try ImportTests.documents(file.utf8()) }
    #expect(error?.path == "benchmarks[0].metrics.prompt_token_count.successful.mean")
  }

  @Test(
    "what no known tool writes is refused in one sentence",
    arguments: [
      "", "   \n", "{}", "[]", "[1, 2]", "{\"duration\": 1}", "hello", "a,b\n1,2\n", "| a | b |",
      "{\"a\": 1}\n{\"b\"", "[[[[", "\"unclosed", "INSERT INTO x (a) VALUES", "\u{0}\u{1}",
    ])
  func unknown(_ text: String) throws {
    let error = #expect(throws: DataError.self) { try ImportTests.documents(Array(text.utf8)) }
    #expect((error?.description.utf8.count ?? 999) < 290)
  }

  @Test("every prefix of a file is refused or read, never a crash")
  func prefixes() throws {
    for name in ["llama-bench.csv", "llama-bench.md", "llama-bench.sql", "vllm-serve-0.33.0.json"] {
      let bytes = try ImportTests.bytes(name)
      for length in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 60)) {
        do { _ = try ImportTests.documents(Array(bytes[..<length]), name) } catch is DataError {}
      }
    }
  }

  @Test("a latency file without its tokens is refused, and names the options that give them")
  func latency() throws {
    let error = #expect(throws: DataError.self) {
      try ImportTests.documents(ImportTests.bytes("vllm-latency.json"))
    }
    #expect(error?.description.contains("--prompt-tokens") == true)
  }
}
