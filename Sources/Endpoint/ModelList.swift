// The list of models a server offers.

import StrictJSON

enum ModelList {
  /// Names as they are; printing is the caller's care.
  static func names(_ bytes: [UInt8]) throws(EndpointError) -> [String] {
    let value: JSONValue
    do throws(JSONError) {
      value = try JSONValue(
        parsing: bytes,
        limits: JSONLimits(bytes: EndpointLimits.modelList, depth: EndpointLimits.jsonDepth))
    } catch {
      throw .unusableModelList("\(error)")
    }
    guard let list = value["data"]?.array else {
      throw .unusableModelList("data must be an array, is \(value["data"]?.kind ?? "missing")")
    }
    var names: [String] = []
    for (index, entry) in list.enumerated() {
      guard let name = entry["id"]?.string else {
        throw .unusableModelList(
          "data[\(index)].id must be a string, is \(entry["id"]?.kind ?? "missing")")
      }
      guard !name.isEmpty, name == name.printable(limit: 300) else {
        throw .unusableModelList(
          "data[\(index)].id is no name: \(name.quotedForMessage(limit: 60))")
      }
      names.append(name)
    }
    return names
  }
}
