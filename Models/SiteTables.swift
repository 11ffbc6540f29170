// Where a machine stands and what it costs to keep: tariffs, grids, rents, ownership ranges.

/// Price of electricity of a region and kind of customer.
public struct Tariff: Sendable, Hashable {
  public let id: String
  public let region: String
  public let sector: String
  public let usdPerKWh: Double
  public let year: String
  public let source: String
}

/// Carbon intensity of a grid.
public struct Grid: Sendable, Hashable {
  public let id: String
  public let region: String
  public let gramsPerKWh: Double
  public let year: Int
  public let source: String
}

/// A machine for rent, on demand, electricity included.
public struct Rental: Sendable, Hashable {
  public let id: String
  public let what: String
  public let usdPerHour: Double
  public let lowUsdPerHour: Double?
  public let highUsdPerHour: Double?
  public let vcpus: Int?
  public let memoryGB: Double?
  public let asOf: String
  public let source: String
  public let note: String?
}

/// The tables of places and terms.
public struct SiteTables: Sendable {
  public let tariffs: [Tariff]
  /// The tariff assumed where none is given, and the ends of its range.
  public let defaultTariff: Tariff
  public let lowTariff: Tariff
  public let highTariff: Tariff
  public let grids: [Grid]
  public let rentals: [Rental]
  /// Ranges by id: `pc_life_years`, `residual_share`, `cost_of_capital`, `maintenance_share`,
  /// `utilisation`, `pue_home`, `pue_data_centre`, `colocation_usd_per_kw_month`, …
  public let ownership: [String: SourcedRange]
}

extension SiteTables {
  /// The tables inside the binary.
  public static var builtIn: SiteTables {
    get throws(DataError) { try loaded.get() }
  }

  private static let loaded: Result<SiteTables, DataError> = {
    do throws(DataError) { return .success(try SiteTables()) } catch { return .failure(error) }
  }()

  private init() throws(DataError) {
    let files = EmbeddedData.machines
    let power = try EmbeddedData.file("moebench.electricity/1", in: files)
    let tariffs = try power.list("tariffs") { (node) throws(DataError) in try Tariff(node) }
    self.tariffs = tariffs
    func named(_ key: String) throws(DataError) -> Tariff {
      let id = try power.member(key)
      let name = try id.string()
      guard let tariff = tariffs.first(where: { $0.id == name }) else {
        throw id.fault(.outOfRange(name, rule: "is the id of no tariff"))
      }
      return tariff
    }
    defaultTariff = try named("default")
    lowTariff = try named("low")
    highTariff = try named("high")
    grids = try EmbeddedData.file("moebench.carbon/1", in: files).list("grids") {
      (node) throws(DataError) in try Grid(node)
    }
    rentals = try EmbeddedData.file("moebench.rentals/1", in: files).list("rentals") {
      (node) throws(DataError) in try Rental(node)
    }
    var ranges: [String: SourcedRange] = [:]
    let ownership = try EmbeddedData.file("moebench.ownership/1", in: files).member("ranges")
    for node in try ownership.elements() {
      ranges[try node.string("id")] = try SourcedRange(node)
    }
    self.ownership = ranges
  }

  /// A grid's carbon intensity by its id in upper or lower case.
  public func grid(_ id: String) -> Grid? {
    grids.first { $0.id.lowercased() == id.lowercased() }
  }

  /// A rental rate by its id in upper or lower case.
  public func rental(_ id: String) -> Rental? { rentals.first { $0.id == id.lowercased() } }
}

extension Tariff {
  init(_ node: Node) throws(DataError) {
    id = try node.string("id")
    region = try node.string("region")
    sector = try node.string("sector")
    usdPerKWh = try node.member("usd_per_kwh").positive()
    year = try node.string("year")
    source = try node.string("source")
  }
}

extension Grid {
  init(_ node: Node) throws(DataError) {
    id = try node.string("id")
    region = try node.string("region")
    gramsPerKWh = try node.member("grams_per_kwh").positive()
    year = try node.member("year").count()
    source = try node.string("source")
  }
}

extension Rental {
  init(_ node: Node) throws(DataError) {
    id = try node.string("id")
    what = try node.string("what")
    usdPerHour = try node.member("usd_per_hour").positive()
    lowUsdPerHour = try node.optional("low")?.positive()
    highUsdPerHour = try node.optional("high")?.positive()
    vcpus = try node.optionalCount("vcpus")
    memoryGB = try node.optional("memory_gb")?.positive()
    asOf = try node.string("as_of")
    source = try node.string("source")
    note = try node.optionalString("note")
  }
}
