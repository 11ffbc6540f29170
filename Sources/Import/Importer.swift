// Reads whatever a known tool wrote, and gives moebench results.

import Models
import StrictJSON

/// Turns other tools' files into `moebench.result/1` documents.
public struct Importer: Sendable {
  public static let limit = 256 << 20

  private let hints: ImportHints
  private let converter: JSONValue
  private let catalogue: Catalogue

  /// - Parameter converter: This program, as the documents' `tool`.
  public init(_ hints: ImportHints, converter: JSONValue, catalogue: Catalogue) {
    self.hints = hints
    self.converter = converter
    self.catalogue = catalogue
  }

  /// One document for each model in the file.
  ///
  /// - Throws: `DataError` naming file, place and rule: of no known tool, a number that is missing or no number,
  ///   statistics that the samples do not give.
  public func documents(_ bytes: [UInt8], file: String) throws(DataError) -> [JSONValue] {
    let runs = try runs(bytes, file: file)
    for run in runs where run.tests.isEmpty {
      throw DataError(
        file: file, path: "",
        rule: .outOfRange(
          "the \(run.tool) result", rule: run.warnings.first?.message ?? "holds no test"))
    }
    return runs.map { $0.document(file: file, converter: converter, catalogue: catalogue) }
  }

  private func runs(_ bytes: [UInt8], file: String) throws(DataError) -> [ImportedRun] {
    let space: [UInt8] = [0x20, 0x09, 0x0A, 0x0D]
    // A byte-order mark, as editors add.
    let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
    guard let first = text.first(where: { !space.contains($0) }) else {
      throw DataError(file: file, path: "", rule: .empty)
    }
    if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
      return try runs(json: text, file: file)
    }
    guard let words = String(validating: text, as: UTF8.self) else {
      throw DataError(file: file, path: "", rule: .outOfRange("the bytes", rule: "are no UTF-8"))
    }
    let rows = DelimitedRows(file: file)
    let found: [Node] =
      if words.hasPrefix("|") {
        try rows.markdown(words)
      } else if words.contains("INSERT INTO") {
        try rows.sql(words)
      } else {
        try rows.csv(words)
      }
    guard let row = found.first, LlamaBench.recognises(row.value) else {
      throw unrecognised(file)
    }
    return try LlamaBench.runs(found, hints)
  }

  private func runs(json bytes: [UInt8], file: String) throws(DataError) -> [ImportedRun] {
    let documents = try Self.documents(in: bytes, file: file)
    guard let first = documents.first else { throw DataError(file: file, path: "", rule: .empty) }
    let value = first.value
    if LlamaBench.recognises(value) { return try LlamaBench.runs(documents, hints) }
    if LlamaBatchedBench.recognises(value) { return [try LlamaBatchedBench.run(documents, hints)] }
    if VLLM.recognises(value) {
      for document in documents where !VLLM.recognises(document.value) {
        throw unrecognised(file)
      }
      return [try VLLM.run(documents, hints)]
    }
    if AIPerf.isRecord(value) { return [try AIPerf.run(records: documents, hints)] }
    if documents.count == 1 {
      if GuideLLM.recognises(value) { return [try GuideLLM.run(first, hints)] }
      if AIPerf.recognises(value) { return [try AIPerf.run(first, hints)] }
    }
    throw unrecognised(file)
  }

  private func unrecognised(_ file: String) -> DataError {
    DataError(
      file: file, path: "",
      rule: .outOfRange(
        "the file",
        rule:
          "is of no tool that is known: llama-bench, llama-batched-bench, vLLM bench, GuideLLM, AIPerf"
      ))
  }

  /// The elements of an array, one object, or an object a line.
  static func documents(in bytes: [UInt8], file: String) throws(DataError) -> [Node] {
    // Python writes NaN where nothing was measured; where one is used, it is refused.
    let limits = JSONLimits(bytes: limit, depth: 64, acceptsNonFinite: true, values: 16 << 20)
    let whole: JSONValue
    do throws(JSONError) {
      whole = try JSONValue(parsing: bytes, limits: limits)
    } catch {
      guard error.rule == .trailingData else {
        throw DataError(file: file, path: "", rule: .notJSON(error.description))
      }
      return try lines(of: bytes, file: file, limits)
    }
    guard let list = whole.array else { return [Node(file: file, value: whole)] }
    return list.enumerated().map { Node(file: file, path: "[\($0)]", value: $1) }
  }

  private static func lines(
    of bytes: [UInt8], file: String, _ limits: JSONLimits
  ) throws(DataError) -> [Node] {
    var nodes: [Node] = []
    for (index, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated()
    where !line.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) {
      do throws(JSONError) {
        let value = try JSONValue(parsing: Array(line), limits: limits)
        nodes.append(Node(file: file, path: "line \(index + 1)", value: value))
      } catch {
        throw DataError(
          file: file, path: "line \(index + 1)", rule: .notJSON(error.description))
      }
    }
    return nodes
  }
}
