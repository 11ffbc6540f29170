// Finds the catalogue's model in the names other tools use: paths, repositories, file names with a quantisation.

import Models

enum ModelNames {
  /// The entry whose name is in `name`, the longest one; nil where none is or the parameters say otherwise.
  static func entry(
    for name: String, totalParameters: Int?, in catalogue: Catalogue
  ) -> ModelEntry? {
    let wanted = plain(name.split(separator: "/").last.map(String.init) ?? name)
    guard !wanted.isEmpty else { return nil }
    let found = catalogue.models.filter { entry in
      names(of: entry).contains { wanted == $0 || wanted.hasPrefix($0 + "-") }
    }.max { longest($0, in: wanted) < longest($1, in: wanted) }
    guard let found else { return nil }
    if let totalParameters, let billions = found.computed?.totalBillion,
      abs(Double(totalParameters) / 1e9 - billions) > 0.05 * billions
    {
      return nil
    }
    return found
  }

  private static func longest(_ entry: ModelEntry, in wanted: String) -> Int {
    names(of: entry).filter { wanted.hasPrefix($0) }.map(\.count).max() ?? 0
  }

  private static func names(of entry: ModelEntry) -> [String] {
    let repository = entry.huggingFaceRepository.split(separator: "/").last.map(String.init) ?? ""
    return [entry.name, entry.title, repository].map(plain).filter { !$0.isEmpty }
  }

  /// Lower case, words joined by hyphens.
  private static func plain(_ name: String) -> String {
    String(name.lowercased().map { $0.isLetter || $0.isNumber || $0 == "." ? $0 : "-" })
      .split(separator: "-").joined(separator: "-")
  }
}
