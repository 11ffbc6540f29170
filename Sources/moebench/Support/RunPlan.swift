// A run as a JSON document, schema moebench.plan/1: what every result embeds, and what --plan repeats.

import ArgumentParser
import Measurement
import Models
import Reports
import StrictJSON

/// Options of `moebench run` as members: the option's name with underscores, its value as on the command line, a list of
/// whole numbers, or a list of strings for an option given several times.
enum RunPlan {
  static let schema = "moebench.plan/1"
  private static let limits = JSONLimits(bytes: 64 << 20, depth: 64, values: 4 << 20)

  /// Options without a value.
  private static let flags: Set<String> = ["synthetic"]
  /// Options that may be given several times.
  private static let repeated: Set<String> = ["prices"]

  /// The model and the arguments that a plan stands for; a result stands for the plan it embeds.
  ///
  /// - Throws: `DataError` naming file, member and rule.
  static func read(_ path: String) throws -> (model: String?, arguments: [String]) {
    let file = ResultFile.name(path)
    let bytes = try ResultFile.bytes(path, limit: limits.bytes)
    let value: JSONValue
    do throws(JSONError) {
      value = try JSONValue(parsing: bytes, limits: limits)
    } catch {
      throw DataError(file: file, path: "", rule: .notJSON(error.description))
    }
    let isResult = value["schema"]?.string == RunReport.schema
    guard let plan = (isResult ? value["plan"] : value)?.object else {
      throw DataError(file: file, path: isResult ? "plan" : "", rule: .missing)
    }
    guard let name = plan["schema"]?.string, name == schema else {
      throw DataError(
        file: file, path: "schema",
        rule: .unknownSchema(plan["schema"]?.string ?? "", wanted: [schema]))
    }
    var model: String?
    var arguments: [String] = []
    for member in plan.members where member.key != "schema" {
      let place = DataError(file: file, path: member.key, rule: .missing)
      if member.key == "model" {
        model = try texts(member.value, place).first
        if let model, model.hasPrefix("-") {
          throw place.fault(.outOfRange("the model", rule: "must not begin with a hyphen"))
        }
      } else {
        arguments += try options(member.key, member.value, place)
      }
    }
    return (model, arguments)
  }

  /// A member as the command line has it.
  private static func options(
    _ key: String, _ value: JSONValue, _ place: DataError
  ) throws(DataError) -> [String] {
    guard known.contains(key) else {
      throw place.fault(.outOfRange("the option", rule: "is none that moebench run has in a plan"))
    }
    let option = "--" + key.replacing("_", with: "-")
    if case .bool(let isOn) = value, flags.contains(key) { return isOn ? [option] : [] }
    let values = try texts(value, place)
    guard values.count < 2 || repeated.contains(key) else {
      throw place.fault(.wrongKind(found: "a list of strings", wanted: "one value"))
    }
    return values.map { "\(option)=\($0)" }
  }

  /// Values as the command line has them: none for null, several for a list of strings.
  private static func texts(_ value: JSONValue, _ place: DataError) throws(DataError) -> [String] {
    switch value {
    case .null: return []
    case .string(let text):
      guard !text.isEmpty else { throw place.fault(.empty) }
      return [text]
    case .number(let number):
      guard number.double != nil else { throw place.fault(.notFinite(number.text)) }
      return [number.text]
    case .array(let elements):
      let words = elements.compactMap { $0.string.flatMap { $0.isEmpty ? nil : $0 } }
      if words.count == elements.count, !words.isEmpty { return words }
      let numbers = elements.compactMap { $0.int.map(String.init) }
      guard numbers.count == elements.count, !numbers.isEmpty else {
        throw place.fault(.wrongKind(found: "another list", wanted: "a list of whole numbers"))
      }
      return [numbers.joined(separator: ",")]
    case .bool, .object:
      throw place.fault(.wrongKind(found: value.kind, wanted: "a string, a number or a list"))
    }
  }
}

extension DataError {
  fileprivate func fault(_ rule: Rule) -> DataError {
    DataError(file: file, path: path, rule: rule)
  }
}

extension RunPlan {
  /// Members a plan may have, besides `schema` and `model`.
  static let known: Set<String> = Set(members(GridOptions.defaults, nil).map(\.0))

  /// The plan of a run: the grid as it was expanded, and every option that was given.
  static func document(of run: Run, _ plan: Plan) -> JSONValue {
    var object = JSONObject()
    object.append("schema", .string(schema))
    object.append("model", .string(run.model))
    for (key, value) in members(plan, run) where !value.isNull { object.append(key, value) }
    return .object(object)
  }

  private static func members(_ plan: Plan, _ run: Run?) -> [(String, JSONValue)] {
    func list(_ values: [Int]) -> JSONValue { .array(values.map { JSONValue($0) }) }
    let warmUp: JSONValue =
      if case .fixed(let count) = plan.warmUp { JSONValue(count) } else { "auto" }
    let grid: [(String, JSONValue)] = [
      ("prompt_tokens", list(plan.promptTokens)), ("gen_tokens", list(plan.generatedTokens)),
      ("depth", list(plan.depths)), ("batch", list(plan.batches)),
      ("threads", list(plan.threads)), ("repetitions", JSONValue(plan.repetitions)),
      ("warmup", warmUp), ("seed", .string(String(plan.seed))),
    ]
    return grid + engine(run?.engine, run?.peer) + cost(run?.cost)
  }

  private static func engine(
    _ engine: EngineOptions?, _ peer: PeerOptions?
  ) -> [(String, JSONValue)] {
    [
      ("weights", .stringOrNull(engine?.weights)), ("layers", .intOrNull(engine?.layers)),
      ("max_weights", .numberOrNull(engine?.maxWeights)),
      ("routing", .stringOrNull(engine?.routing)),
      ("record_routing", .stringOrNull(engine?.recordRouting)),
      ("kv", .stringOrNull(engine?.cache.kv)),
      ("synthetic", engine?.synthetic == true ? true : .null),
      ("prompt_file", .stringOrNull(engine?.promptFile)), ("isa", .stringOrNull(engine?.isa)),
      ("engine", .stringOrNull(peer?.engine.rawValue)),
      ("llama_bench", .stringOrNull(peer?.llamaBench)),
      ("llama_bench_timeout", .numberOrNull(peer?.llamaBenchTimeout)),
    ]
  }

  private static func cost(_ cost: CostOptions?) -> [(String, JSONValue)] {
    let numbers: [(String, Double?)] = [
      ("price_per_kwh", cost?.pricePerKwh), ("hardware_cost", cost?.hardwareCost),
      ("rental", cost?.rental), ("life_years", cost?.lifeYears), ("residual", cost?.residual),
      ("cost_of_capital", cost?.costOfCapital), ("maintenance", cost?.maintenance),
      ("utilisation", cost?.utilisation), ("on_share", cost?.onShare), ("pue", cost?.pue),
      ("colocation", cost?.colocation), ("staff_hours", cost?.staffHours),
      ("staff_rate", cost?.staffRate), ("fixed_cost", cost?.fixedCost),
      ("cached_cost", cost?.cachedCost), ("embodied_carbon", cost?.embodiedCarbon),
    ]
    let words: [(String, String?)] = [
      ("meter", cost?.meter), ("watts", cost?.watts), ("grid", cost?.grid),
      ("workload", cost?.workload),
    ]
    let files = cost?.priceFiles ?? []
    let prices: JSONValue = files.isEmpty ? .null : .array(files.map { .string($0) })
    return numbers.map { ($0.0, .numberOrNull($0.1)) } + words.map { ($0.0, .stringOrNull($0.1)) }
      + [("prices", prices)]
  }
}

extension RunPlan {
  /// Options that reach beyond measuring: they run a program, ask another machine or write a file.
  private static func reaches(_ argument: String) -> String? {
    let parts = argument.split(separator: "=", maxSplits: 1)
    guard let option = parts.first, let value = parts.last, parts.count == 2 else { return nil }
    switch option {
    case "--llama-bench": return "runs a program"
    case "--record-routing": return "writes a file"
    case "--meter" where value.hasPrefix("command:"): return "runs a program"
    case "--meter"
    where value.contains(":") && !value.hasPrefix("csv:") && !value.hasPrefix("hwmon:"):
      return "asks another machine"
    default: return nil
    }
  }

  /// Plans travel inside results, and repeating someone's run must do no more than measure: what reaches further is
  /// taken only where the command line says it as well.
  ///
  /// - Throws: `DataError` naming the member.
  static func checkReach(
    of arguments: [String], given: [String], file: String
  ) throws(DataError) {
    for argument in arguments {
      guard let reach = reaches(argument), let option = argument.split(separator: "=").first else {
        continue
      }
      if given.contains(where: { $0 == option || $0.hasPrefix("\(option)=") }) { continue }
      throw DataError(
        file: ResultFile.name(file),
        path: String(option.dropFirst(2)).replacing("-", with: "_"),
        rule: .outOfRange(
          "the plan's value \(reach), and", rule: "is taken only with \(option) beside --plan"))
    }
  }
}

extension GridOptions {
  /// Any grid: only its members' names are wanted.
  fileprivate static var defaults: Plan { Plan(threads: [1]) }
}

extension Run {
  /// The run that a plan and this command line together mean: what is given here wins.
  func planned(_ path: String) throws -> Run {
    let plan = try RunPlan.read(path)
    try RunPlan.checkReach(of: plan.arguments, given: CommandLine.arguments, file: path)
    var rest = Array(CommandLine.arguments.dropFirst())
    if rest.first == Run.configuration.commandName ?? "run" { rest.removeFirst() }
    if let place = rest.firstIndex(of: "--plan") {
      rest.removeSubrange(place...min(place + 1, rest.count - 1))
    }
    rest.removeAll { $0.hasPrefix("--plan=") }
    // A model named here is among the rest.
    let named = model == Run.defaultModel ? plan.model.map { [$0] } ?? [] : []
    return try Run.parse(named + plan.arguments + rest)
  }
}
