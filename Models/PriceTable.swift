// A price table: the one in the binary, or a user's file beside it.

import StrictJSON

/// Rows of one table, in its order.
public struct PriceTable: Sendable {
  public static let schema = "moebench.prices/1"

  public let rows: [PriceRow]
  /// Where the rows come from, for messages.
  public let origin: String

  init(rows: [PriceRow], origin: String) {
    self.rows = rows
    self.origin = origin
  }

  /// Reads and checks a table.
  ///
  /// - Parameter file: Name for messages.
  /// - Throws: `DataError` naming file, JSON path and rule.
  public init(parsing bytes: [UInt8], file: String) throws(DataError) {
    try self.init(Node(parsing: bytes, file: file))
  }

  init(_ document: Node) throws(DataError) {
    let schema = try document.member("schema")
    let name = try schema.string()
    guard name == Self.schema else {
      throw schema.fault(.unknownSchema(name, wanted: [Self.schema]))
    }
    let list = try document.member("rows")
    var seen: Set<ByteKey> = []
    rows = try list.each { (node) throws(DataError) in
      let row = try PriceRow(node)
      guard seen.insert(ByteKey(row.id)).inserted else {
        throw DataError(file: node.file, path: "\(node.path).id", rule: .duplicate(row.id))
      }
      return row
    }
    guard !rows.isEmpty else { throw list.fault(.nothingPriced) }
    origin = document.file
  }

  /// The list prices and the claims inside the binary.
  public static var builtIn: PriceTable {
    get throws(DataError) { try loaded.get() }
  }

  private static let loaded: Result<PriceTable, DataError> = {
    do throws(DataError) {
      var rows: [PriceRow] = []
      for node in try EmbeddedData.prices.get() where node.value["schema"]?.string == schema {
        rows += try PriceTable(node).rows
      }
      return .success(PriceTable(rows: rows, origin: "built-in prices"))
    } catch {
      return .failure(error)
    }
  }()
}
