// Names close to a mistyped one, by edit distance (Levenshtein 1966).

import StrictJSON

enum NearestNames {
  /// Up to three names, the nearest first: those that contain the word, then those few edits away.
  static func of(_ name: String, among names: [String]) -> [String] {
    // Long input is no typing error, and the distance costs its length.
    guard !name.isEmpty, name.utf8.count <= 80 else { return [] }
    let limit = max(2, name.count / 2)
    let ranked = names.compactMap { candidate -> (String, Int)? in
      if candidate.contains(name) || name.contains(candidate) {
        return (candidate, abs(candidate.count - name.count) / 8)
      }
      let edits = distance(Array(name.utf8), Array(candidate.utf8))
      return edits <= limit ? (candidate, edits) : nil
    }
    return ranked.sorted { ($0.1, $0.0) < ($1.1, $1.0) }.prefix(3).map(\.0)
  }

  private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var previous = Array(0...b.count)
    for i in a.indices {
      var current = [i + 1]
      for j in b.indices {
        let replaced = previous[j] + (a[i] == b[j] ? 0 : 1)
        current.append(min(replaced, previous[j + 1] + 1, current[j] + 1))
      }
      previous = current
    }
    return previous[b.count]
  }
}

extension UnknownModel: CustomStringConvertible {
  public var description: String {
    let hint =
      nearest.isEmpty
      ? "moebench models lists the catalogue" : "near it: \(nearest.joined(separator: ", "))"
    return "\(name.quotedForMessage()): no model of the catalogue; \(hint)"
  }
}
