// The data files that are part of the binary.

import CModelData
import StrictJSON

/// One kind of embedded files, read once.
enum EmbeddedData {
  static let architectures = load("Models/architectures", md_architectures())
  static let prices = load("Models/prices", md_prices())
  static let machines = load("Models/machines", md_machines())
  static let workloads = load("Benchmarks/workloads", md_workloads())

  /// The files of a kind as nodes; an error if one is no JSON.
  private static func load(
    _ folder: String, _ text: md_text
  ) -> Result<[Node], DataError> {
    do throws(DataError) {
      return .success(
        try Node(
          parsing: Array(UnsafeBufferPointer(start: text.start, count: text.count)), file: folder
        ).elements())
    } catch {
      return .failure(error)
    }
  }

  /// The embedded file with this schema.
  static func file(
    _ schema: String, in files: Result<[Node], DataError>
  ) throws(DataError) -> Node {
    let nodes = try files.get()
    for node in nodes where node.value["schema"]?.string == schema { return node }
    throw DataError(
      file: nodes.first?.file ?? "data", path: "schema",
      rule: .unknownSchema("", wanted: [schema]))
  }
}
