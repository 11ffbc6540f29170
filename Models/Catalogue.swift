// The catalogue of open-weights models, by name.

/// All models known by name, in order of their names.
public struct Catalogue: Sendable {
  public let models: [ModelEntry]

  /// The catalogue inside the binary.
  ///
  /// - Throws: `DataError` if an embedded file is damaged, which the tests rule out.
  public static var builtIn: Catalogue {
    get throws(DataError) { try loaded.get() }
  }

  private static let loaded: Result<Catalogue, DataError> = {
    do throws(DataError) {
      let models = try EmbeddedData.architectures.get().map { (node) throws(DataError) in
        try ModelEntry(node)
      }
      return .success(Catalogue(models: models.sorted { $0.name < $1.name }))
    } catch {
      return .failure(error)
    }
  }()

  /// The model of a name, in upper or lower case.
  ///
  /// - Throws: `UnknownModel` with the nearest names.
  public func model(named name: String) throws(UnknownModel) -> ModelEntry {
    if let entry = entry(named: name) { return entry }
    throw UnknownModel(
      name: name, nearest: NearestNames.of(name.lowercased(), among: models.map(\.name)))
  }

  /// The model of a name or title, in upper or lower case; nil where there is none.
  public func entry(named name: String) -> ModelEntry? {
    let wanted = name.lowercased()
    return models.first { $0.name == wanted || $0.title.lowercased() == wanted }
  }
}

/// No model has this name.
public struct UnknownModel: Error, Hashable, Sendable {
  public let name: String
  /// Up to three names that differ little.
  public let nearest: [String]
}
