// Lists and plans: llama-bench's grammar, its labels, and what is refused.

import Measurement
import Testing

@Suite struct ListGrammarTests {
  @Test(
    "a list reads as llama-bench reads it",
    arguments: [
      ("1,2,4", [1, 2, 4]), ("512", [512]), ("0", [0]), ("1-8+1", Array(1...8)),
      ("1-16*2", [1, 2, 4, 8, 16]), ("3-5", [3, 4, 5]), ("1-10+4", [1, 5, 9]),
      ("8,1-3,2", [8, 1, 2, 3]), ("5-5*2", [5]),
    ])
  func accepted(text: String, expected: [Int]) throws {
    #expect(try ListGrammar.parse(text, flag: "-p", bounds: 0...1_000_000) == expected)
  }

  @Test(
    "a malformed list is an error that names the rule",
    arguments: [
      ("", ListError.Rule.empty), ("1,,2", .empty), ("1,", .empty), ("x", .notANumber),
      ("-5", .notANumber), ("+5", .notANumber), ("1-8+", .notANumber), ("1.5", .notANumber),
      ("8-1", .descending), ("1-8+0", .stepDoesNotAdvance), ("1-8*1", .stepDoesNotAdvance),
      ("0-8*2", .stepDoesNotAdvance), ("1-100000", .tooManyValues(limit: 1000)),
      ("99999999999999999999", .outOfBounds(0...1_000_000)), ("٣", .notANumber),
    ])
  func refused(text: String, rule: ListError.Rule) {
    let error = #expect(throws: ListError.self) {
      try ListGrammar.parse(text, flag: "--depth", bounds: 0...1_000_000)
    }
    #expect(error?.rule == rule)
    #expect(error?.description.contains("--depth") == true)
  }

  @Test("a plan expands to llama-bench's labels, prefill before decode")
  func labels() throws {
    let plan = Plan(
      promptTokens: [512, 0], generatedTokens: [128], depths: [0, 4096], batches: [1, 4],
      threads: [2])
    #expect(
      try plan.tests().map(\.label) == [
        "pp512", "tg128", "tg128 b4", "pp512 @ d4096", "tg128 @ d4096", "tg128 b4 @ d4096",
      ])
    #expect(try plan.tests().map(\.tokens) == [512, 128, 512, 512, 128, 512])
  }

  @Test("an impossible plan is an error")
  func impossible() {
    #expect(throws: PlanError.nothingToMeasure) {
      try Plan(promptTokens: [0], generatedTokens: [0], threads: [1]).tests()
    }
    #expect(throws: PlanError.repetitionsOutOfBounds(0, Plan.repetitionBounds)) {
      try Plan(threads: [1], repetitions: 0).tests()
    }
    #expect(throws: PlanError.self) {
      try Plan(depths: [Int.max], threads: [1]).tests()
    }
    #expect(throws: PlanError.self) {
      try Plan(depths: Array(0..<500), batches: Array(1...50), threads: [1]).tests()
    }
  }
}
