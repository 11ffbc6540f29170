// The commands that price, as a user runs them: documents by their schemas, refusals by their status.

import Foundation
import StrictJSON
import TestSupport
import Testing

@Suite(.runsPrograms) struct PricingTests {
  /// A fresh folder with a result of a real run in it.
  private struct Place: ~Copyable {
    let folder: ScratchFolder
    var result: String { folder.path(of: "result.json") }

    init() throws {
      let folder = try ScratchFolder()
      let run = try Program.run(
        "run", Fixture.path("olmoe"), "-p", "16", "-n", "8", "-r", "2", "--warmup", "0", "--watts",
        "80,100,140", "-o", "json", "--output-file", folder.path(of: "result.json"))
      #expect(run.status == 0, "\(run.error)")
      self.folder = folder
    }

    func file(_ name: String, _ text: String) throws -> String { try folder.file(name, text) }
  }

  private func violations(_ text: String, _ schema: String) throws -> [String] {
    try SchemaValidator(named: schema).violations(of: JSONValue(parsing: text))
  }

  @Test("run, cost, decide, compare, prices and models print documents of their schemas")
  func documents() throws {
    let place = try Place()
    let stored = try String(contentsOfFile: place.result, encoding: .utf8)
    #expect(try violations(stored, "result") == [])
    let result = place.result
    let commands: [(String, [String])] = [
      ("cost", ["cost", result, "--hardware-cost", "2000", "-o", "json"]),
      (
        "decide",
        [
          "decide", result, "--traffic", "5M/day", "--workload", "tickets", "--cascade",
          "here:70%", "-o", "json",
        ]
      ),
      ("compare", ["compare", result, result, "-o", "json"]),
      ("prices", ["prices", "list", "--all", "-o", "json"]),
      ("models", ["models", "-o", "json"]),
      ("models", ["models", "gpt-oss-20b", "-o", "json"]),
    ]
    let schemas = ["decide": "decision", "compare": "comparison"]
    for (name, arguments) in commands {
      let done = try Program.run(arguments[0], arguments: Array(arguments.dropFirst()))
      #expect(done.status == 0, "\(name): \(done.error)")
      #expect(try violations(done.output, schemas[name] ?? name) == [], "\(name)")
    }
  }

  @Test("a result imported with its rent is decided on without saying the rent again")
  func rentHolds() throws {
    let folder = try ScratchFolder()
    let file = folder.path(of: "imported.json")
    let made = try Program.run(
      "import", Fixture.imports("vllm-serve-0.33.0.json"), "--rental", "2", "-o", "json",
      "--output-file", file, "--no-history")
    #expect(made.status == 0, "\(made.error)")
    let said = try Program.run("decide", file, "--traffic", "5M/day", "--rental", "2")
    let held = try Program.run("decide", file, "--traffic", "5M/day")
    #expect(held.status == 0 && held.output == said.output, "\(held.error)")
  }

  @Test("tables in the user's folder count beside the built-in one; a damaged one is named")
  func keptTables() throws {
    let folder = try ScratchFolder()
    try FileManager.default.createDirectory(
      atPath: folder.path(of: "moebench/prices"), withIntermediateDirectories: true)
    let table = """
      {"acme/own-model": {"input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6,
       "litellm_provider": "acme", "mode": "chat"}}
      """
    try folder.file("moebench/prices/mine.json", table)
    let environment = ["XDG_DATA_HOME": folder.path]
    let listed = try Program.run("prices", "-o", "json", environment: environment)
    #expect(listed.status == 0 && listed.output.contains("own-model"), "\(listed.error)")
    #expect(try !Program.run("prices", "-o", "json").output.contains("own-model"))
    try folder.file("moebench/prices/mine.json", "{")
    let refused = try Program.run("prices", environment: environment)
    #expect(refused.status == 65 && refused.error.contains("mine.json"))
  }

  @Test("a price seen on a day to come is doubtful")
  func future() throws {
    let folder = try ScratchFolder()
    func check(_ day: String) throws -> String {
      let file = try folder.file(
        "\(day).json",
        #"{"schema":"moebench.prices/1","rows":[{"provider":"P","model":"m","source":"s","as_of":""#
          + day + #"","usd_per_million_input":1,"usd_per_million_output":2}]}"#)
      let done = try Program.run("prices", "check", file)
      #expect(done.status == 0, "\(done.error)")
      return done.output
    }
    #expect(try check("2999-01-01").contains("doubtful P/m: seen on 2999-01-01, a day to come"))
    #expect(try !check("2026-01-01").contains("doubtful"))
  }

  @Test("the prices of a model carry their own days, not the first one's")
  func datedPrices() throws {
    let done = try Program.run("models", "gpt-oss-20b")
    #expect(done.status == 0 && done.output.contains("$ per million tokens "))
    #expect(!done.output.contains("$ per million tokens,"))
  }

  @Test("a report is written as one page")
  func report() throws {
    let place = try Place()
    let page = place.folder.url.appending(path: "page.html")
    let done = try Program.run("report", place.result, place.result, "--output", page.path)
    #expect(done.status == 0, "\(done.error)")
    let html = try String(contentsOf: page, encoding: .utf8)
    #expect(html.hasPrefix("<!DOCTYPE html>") && html.hasSuffix("</html>\n"))
  }

  @Test("bad results and tables are refused with their status and place")
  func refusals() throws {
    let place = try Place()
    let newer = try place.file("newer.json", #"{"schema": "moebench.result/9"}"#)
    let prices = try place.file(
      "prices.json",
      #"{"a/b": {"input_cost_per_token": -1, "output_cost_per_token": 1, "litellm_provider": "x", "mode": "chat"}}"#
    )
    let cases: [([String], Int32, String)] = [
      (["cost", "no-such.json"], 66, "no-such.json"),
      (["cost", newer], 65, "moebench.result/9"),
      (["decide", place.result, "--traffic", "many"], 64, "many"),
      (["decide", place.result, "--traffic", "1M/day", "--cascade", "x"], 64, "--cascade"),
      (["compare", place.result, place.result, "--threshold", "-1"], 64, "--threshold"),
      (["prices", "check", prices], 65, "input_cost_per_token"),
      (["report", place.result, "--output", place.result], 64, "overwrite"),
      (["cost", place.result, "--grid", "Atlantis"], 64, "Atlantis"),
      (["cost", place.result, "--workload", "nan:5"], 64, "--workload"),
      (["decide", place.result, "--traffic", "1M/day", "--workload", "0x10:5"], 64, "--workload"),
      (["cost", place.result, "--workload", "1000:0:100%"], 64, "cached"),
      (["cost", place.result, "--utilisation", "1e-308"], 64, "--utilisation"),
      (["cost", place.result, "--pue", "1e308"], 64, "--pue"),
      (["cost", place.result, "--hardware-cost", "nan"], 64, "--hardware-cost"),
      (["cost", place.result, "--residual", "1.5"], 64, "--residual"),
      (["cost", place.result, "--watts", "1e308"], 64, "--watts"),
      (["cost", place.result, "--rental", "2", "--life-years", "4"], 64, "--life-years"),
      (["decide", place.result, "--traffic", "1M/day", "--rental", "1e308"], 64, "--rental"),
      (["decide", place.result, "--traffic", "999999999T/s"], 64, "traffic"),
      (["cost", place.result, "--staff-hours", "5"], 64, "--staff-rate"),
      (["cost", place.result, "--prices", newer], 65, "moebench.result/9"),
      (["report", place.result, "--output", "/no/such/folder/page.html"], 73, "/no/such/folder"),
    ]
    for (arguments, status, word) in cases {
      let done = try Program.run(arguments[0], arguments: Array(arguments.dropFirst()))
      #expect(done.status == status, "\(arguments): \(done.error)")
      #expect(done.output.isEmpty)
      #expect(done.error.contains(word), "\(done.error)")
      #expect(done.error.split(separator: "\n").count == 1 && done.error.utf8.count <= 300)
    }
  }

  @Test("a wall meter's recording is a meter: measured joules, and the machine at rest")
  func recording() throws {
    let place = try Place()
    // Fine enough for repetitions of some milliseconds.
    let now = Int(Date().timeIntervalSince1970 * 1000)
    let lines = stride(from: now - 2000, through: now + 120_000, by: 2).map {
      "\($0 / 1000).\(String($0 % 1000 + 1000).dropFirst()),50"
    }
    let wall = try place.file("wall.csv", "time,watts\n" + lines.joined(separator: "\n") + "\n")
    let done = try Program.run(
      "run", Fixture.path("olmoe"), "-p", "1024", "-n", "1024", "-r", "2", "--warmup", "0", "-o",
      "json", "--meter", "csv:\(wall)", "--quiet")
    #expect(done.status == 0, "\(done.error)")
    #expect(try violations(done.output, "result") == [])
    let json = try JSONValue(parsing: done.output)
    let account = try #require(json["energy_account"])
    #expect(account["source"]?.string == "csv" && account["provenance"]?.string == "measured")
    let idle = try #require(account["idle"]?["watts"]?["value"]?.double)
    #expect(abs(idle - 50) < 2)
    for test in try #require(json["tests"]?.array) {
      #expect(test["energy"]?["power_valid"]?.bool == true)
      #expect(test["energy"]?["joules_per_token"]?.double ?? 0 > 0)
    }
  }

  @Test("watts given tell the idle power by one rule: 23 % of them, measured now or priced again")
  func givenWatts() throws {
    let place = try Place()
    let stored = try JSONValue(parsing: String(contentsOfFile: place.result, encoding: .utf8))
    let idle = try #require(stored["energy_account"]?["idle"])
    #expect(abs((idle["watts"]?["value"]?.double ?? 0) - 23) < 1e-9)
    #expect(idle["source"]?.string?.contains("share of full power") == true)
    for more in [["--watts", "100"], []] {
      let done = try Program.run(
        "cost", arguments: [place.result, "--hardware-cost", "900", "-o", "json"] + more)
      #expect(done.status == 0, "\(done.error)")
      let line = try JSONValue(parsing: done.output)["cost"]?["assumptions"]?["idle power"]
      #expect(abs((line?["value"]?.double ?? 0) - 23) < 1e-9)
    }
  }

  @Test("a meter asked for by name that does not work is a refusal, never an estimate")
  func noSuchMeter() throws {
    for (meter, status) in [
      ("csv:/no/such/file.csv", Int32(66)), ("hwmon:no-such-chip", 69), ("shelly:127.0.0.1:9", 69),
      ("sundial", 64),
    ] {
      let done = try Program.run("run", Fixture.path("olmoe"), "--meter", meter)
      #expect(done.status == status, "\(meter): \(done.error)")
      #expect(done.output.isEmpty && done.error.contains("--meter"))
    }
  }

  /// By hand: the share's machines and the dear model's part, over all tokens.
  @Test("--cascade here:20% prices the machine at a fifth of the traffic, as decide itself does")
  func routed() throws {
    let place = try Place()
    func decide(_ traffic: String, _ more: String...) throws -> JSONValue {
      let done = try Program.run(
        "decide",
        arguments: [
          place.result, "--traffic", traffic, "--hardware-cost", "900", "-o", "json",
        ] + more)
      #expect(done.status == 0, "\(done.error)")
      return try JSONValue(parsing: done.output)
    }
    let whole = try decide("300M/month", "--cascade", "here:0.2")
    let part = try decide("60M/month")
    let here = try #require(part["self_host_usd_per_month"]?["value"]?.double)
    let dear = try #require(whole["api_usd_per_million"]?["value"]?.double)
    let router = try #require(whole["cascade"]?["router"]?["usd_per_million"]?.double)
    #expect(abs(router / ((here + 240 * dear) / 300) - 1) < 1e-9)
  }

  @Test("a user's price table stands beside the built-in one, same weights recognised")
  func priceFiles() throws {
    let place = try Place()
    let prices = try place.file(
      "mine.json",
      #"{"cheap/ibm/granite-3.1-1b-a400m": {"input_cost_per_token": 1e-9, "output_cost_per_token": 2e-9, "litellm_provider": "cheap", "mode": "chat"}}"#
    )
    let done = try Program.run(
      "decide", "granite-3.1-1b-a400m", "--traffic", "2M/day", "--prices", prices, "--layers", "2",
      "-p",
      "2", "-n", "1", "-r", "1", "--warmup", "0", "-o", "json", "--quiet",
      "--grid", "DEU", "--staff-hours", "2", "--staff-rate", "50")
    #expect(done.status == 0, "\(done.error)")
    #expect(try violations(done.output, "decision") == [])
    let json = try JSONValue(parsing: done.output)
    #expect(json["against"]?["provider"]?.string == "cheap")
    #expect(json["against"]?["same_model"]?.bool == true)
    #expect(json["cost"]?["assumptions"]?["staff"]?["value"]?.double == 100)
    #expect(json["cost"]?["carbon"]?["grid_grams_per_kwh"]?["value"]?.double == 381)
    #expect(json["latency_floor"]?["seconds_to_first_token"]?.double ?? 0 > 0)
    #expect(json["sensitivity"]?.array?.isEmpty == false)
    #expect(json["break_even"]?["exists"]?.bool != nil)
    let grams = try #require(json["carbon"]?["grams_per_million"]?["value"]?.double)
    let kilograms = try #require(json["carbon"]?["kilograms_per_month"]?["value"]?.double)
    #expect(abs(kilograms - grams * 2 * 730 / 24 / 1000) < 1e-9 * kilograms)
  }

  @Test("another locale and time zone change no byte: numbers keep their point, times are UTC")
  func locale() throws {
    let place = try Place()
    for arguments in [
      ["cost", place.result], ["cost", place.result, "-o", "json"],
      ["decide", place.result, "--traffic", "1.5M/day", "--price-per-kwh", "0.25"],
      ["prices", "list"],
    ] {
      func output(_ locale: String, _ zone: String) throws -> String {
        let done = try Program.run(
          arguments[0], arguments: Array(arguments.dropFirst()),
          environment: ["LC_ALL": locale, "LANG": locale, "LC_NUMERIC": locale, "TZ": zone])
        #expect(done.status == 0, "\(done.error)")
        return done.output
      }
      // Where de_DE is not installed the C library falls back to C, and Foundation knows it all the same.
      #expect(try output("de_DE.UTF-8", "Asia/Kolkata") == output("C", "UTC"))
    }
  }
}
