// Imports of other projects' price lists: what is taken, what is left out with a reason, what is refused.

import Models
import StrictJSON
import Testing

private func imported(_ text: String) throws(DataError) -> PriceImport {
  guard let seen = Day(year: 2026, month: 11, day: 21) else {
    throw DataError(file: "test", path: "", rule: .notADay("2026-11-21"))
  }
  return try PriceImport(parsing: Array(text.utf8), file: "theirs.json", seen: seen)
}

private let liteLLM = """
  {"sample_spec":{"input_cost_per_token":0,"mode":"one of chat, embedding"},
  "deepseek/deepseek-v3":{"input_cost_per_token":2.7e-07,"output_cost_per_token":1.1e-06,
  "cache_read_input_token_cost":7e-08,"litellm_provider":"deepseek","max_input_tokens":65536,
  "mode":"chat"},
  "gemini-3.1-pro":{"input_cost_per_token":2e-06,"output_cost_per_token":1.2e-05,
  "input_cost_per_token_above_200k_tokens":4e-06,"output_cost_per_token_above_200k_tokens":1.8e-05,
  "litellm_provider":"gemini","mode":"chat"},
  "text-embedding":{"input_cost_per_token":1e-08,"output_cost_per_token":0,"mode":"embedding"},
  "free-model":{"input_cost_per_token":0,"output_cost_per_token":0,"mode":"chat"},
  "image":{"mode":"image_generation","output_cost_per_image":0.04}}
  """

@Suite struct ImportTests {
  @Test("LiteLLM's map gives prices per million, steps and reasons for what is left out")
  func liteLLMMap() throws {
    let result = try imported(liteLLM)
    #expect(result.format == .liteLLM)
    #expect(result.table.rows.map(\.modelID) == ["deepseek/deepseek-v3", "gemini-3.1-pro"])
    let v3 = try #require(result.table.rows.first)
    #expect(v3.usdPerMillionInput == 0.27)
    #expect(v3.usdPerMillionOutput == 1.1)
    #expect(v3.usdPerMillionCachedInput == 0.07)
    #expect(v3.asOf == "2026-11-21" && v3.source == "theirs.json")
    #expect(v3.flags.contains { $0.contains("time of day") })
    let gemini = try #require(result.table.rows.last)
    #expect(gemini.apiPrice(inputTokensPerRequest: 300_000)?.outputUsdPerMillion == 18)
    #expect(result.skipped.map(\.path) == ["text-embedding", "free-model", "image"])
    #expect(result.skipped[1].reason.contains("priced at 0"))
  }

  @Test("null is absent wherever it stands, and one price of 0 prices nothing")
  func nullsAndZeros() throws {
    let result = try imported(
      """
      {"a":{"input_cost_per_token":1e-6,"output_cost_per_token":2e-6,
      "input_cost_per_token_above_200k_tokens":null,"cache_read_input_token_cost":null},
      "b":{"input_cost_per_token":0,"output_cost_per_token":2e-6},
      "c":{"input_cost_per_token":1e-6,"output_cost_per_token":0}}
      """)
    #expect(result.table.rows.map(\.modelID) == ["a"])
    #expect(result.table.rows.first?.contextSteps.isEmpty == true)
    #expect(result.skipped.map(\.path) == ["b", "c"])
  }

  @Test(
    "LiteLLM's prices of batches give the discount that both grant, and none where one is unknown")
  func batches() throws {
    let base = #""input_cost_per_token":1e-6,"output_cost_per_token":4e-6"#
    func discount(_ more: String) throws -> Double? {
      try imported("{\"a\":{\(base)\(more)}}").table.rows.first?.batchDiscount
    }
    let input = #","input_cost_per_token_batches":5e-7"#
    #expect(try discount(input + #","output_cost_per_token_batches":2e-6"#) == 0.5)
    #expect(try discount(input + #","output_cost_per_token_batches":3e-6"#) == 0.25)
    #expect(try discount(input) == nil && discount("") == nil)
    #expect(try discount(input + #","output_cost_per_token_batches":8e-6"#) == nil)
  }

  @Test("OpenRouter's list gives prices per million from decimal strings")
  func openRouterList() throws {
    let result = try imported(
      """
      {"data":[{"id":"openai/gpt-oss-20b","name":"gpt-oss-20b","context_length":131072,
      "pricing":{"prompt":"0.00000003","completion":"0.00000014","input_cache_read":"1.5e-8"}},
      {"id":"openrouter/auto","pricing":{"prompt":"-1","completion":"-1"}},
      {"id":"x/y:free","pricing":{"prompt":"0","completion":"0"}}]}
      """)
    #expect(result.format == .openRouter)
    let row = try #require(result.table.rows.first)
    #expect(row.usdPerMillionInput == 0.03 && row.usdPerMillionOutput == 0.14)
    #expect(row.usdPerMillionCachedInput == 0.015)
    #expect(result.table.rows.count == 1 && result.skipped.count == 2)
  }

  @Test("an import written out is a table of ours")
  func roundTrip() throws {
    let first = try imported(liteLLM)
    let text = try first.table.json.text(pretty: true)
    let again = try imported(text)
    #expect(again.format == .moebench)
    #expect(again.table.rows == first.table.rows)
  }

  @Test(
    "one impossible price refuses the list and names its place",
    arguments: [
      ("1e999", "not a finite number"), ("-1e-6", "must not be negative"),
      ("\"1e-6\"", "is a string"), ("true", "is a boolean"), ("{}", "is an object"),
    ])
  func liteLLMRefusals(price: String, rule: String) {
    let error = #expect(throws: DataError.self) {
      try imported(
        """
        {"ok":{"input_cost_per_token":1e-6,"output_cost_per_token":1e-6},
        "bad":{"input_cost_per_token":\(price),"output_cost_per_token":1e-6}}
        """)
    }
    #expect(error?.path == "bad.input_cost_per_token")
    #expect(error?.description.contains(rule) == true)
  }

  @Test(
    "strings that are no plain decimals are refused",
    arguments: ["", "free", "nan", "inf", "0x1p-20", "-0.1", "1e999", "1,5", " 1", "1e", "--1"])
  func openRouterRefusals(price: String) {
    let error = #expect(throws: DataError.self) {
      try imported(
        #"{"data":[{"id":"a","pricing":{"prompt":"\#(price)","completion":"0.1"}}]}"#)
    }
    #expect(error?.path == "data[0].pricing.prompt")
  }

  @Test(
    "what is no price list is refused",
    arguments: [
      "{}", "[]", "null", "{\"data\":[]}", "{\"a\":{\"b\":1}}", "{\"data\":[1]}", "\u{feff}{}",
    ])
  func documents(text: String) {
    #expect(throws: DataError.self) { try imported(text) }
  }

  @Test("a price a token that is infinite a million tokens, or absurd, is refused")
  func absurd() {
    for price in ["1e300", "2.5"] {
      let error = #expect(throws: DataError.self) {
        try imported(#"{"a":{"input_cost_per_token":\#(price),"output_cost_per_token":1e-6}}"#)
      }
      #expect(error?.path == "a" && error?.description.contains("unit") == true)
    }
  }

  @Test("two entries of one name are refused")
  func duplicates() {
    let entry = #"{"id":"a","pricing":{"prompt":"0.1","completion":"0.1"}}"#
    let error = #expect(throws: DataError.self) { try imported("{\"data\":[\(entry),\(entry)]}") }
    #expect(error?.rule == .duplicate("a"))
  }

  @Test("a hostile model name is kept as it is in the data and shown harmless in messages")
  func hostileName() throws {
    let result = try imported(
      #"{"=cmd\u001b[31m":{"input_cost_per_token":1e-6,"output_cost_per_token":1e-6},"#
        + #""\u202eevil":{"input_cost_per_token":0,"output_cost_per_token":0}}"#)
    #expect(result.table.rows.first?.model == "=cmd\u{1b}[31m")
    #expect(result.skipped.first?.path == "\\u{202e}evil")
  }
}
