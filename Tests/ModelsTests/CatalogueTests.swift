// The embedded data is complete and consistent: every file is in the binary and every entry is sound.

import Foundation
import Models
import StrictJSON
import TestSupport
import Testing

private func files(_ folder: String) throws -> [String] {
  try FileManager.default.contentsOfDirectory(atPath: RepositoryFile.url(folder).path())
    .filter { $0.hasSuffix(".json") }.sorted()
}

@Suite struct CatalogueTests {
  @Test(
    "every data file of the repository is listed for the binary",
    arguments: [
      ("Models/architectures", "architectures"), ("Models/prices", "prices"),
      ("Models/machines", "machines"), ("Benchmarks/workloads", "workloads"),
    ])
  func embedded(folder: String, list: String) throws {
    let text = String(
      decoding: try RepositoryFile.bytes("Models/Embedded/\(list).c"), as: UTF8.self)
    let listed = text.split(separator: "\n").filter { $0.hasPrefix("#embed") }
      .compactMap { $0.split(separator: "/").last.map { String($0.dropLast()) } }
    let present = try files(folder)
    #expect(listed.sorted() == present)
  }

  @Test("each file is the model of its name, in lower-case kebab")
  func names() throws {
    let models = try Catalogue.builtIn.models
    let expected = try files("Models/architectures")
    #expect(models.map { "\($0.name).json" }.sorted() == expected)
    for model in models {
      #expect(model.name == model.name.lowercased())
      #expect(!model.name.contains { $0 == " " || $0 == "_" })
    }
  }

  @Test("each entry has a configuration of a family and says where it comes from")
  func entries() throws {
    for model in try Catalogue.builtIn.models {
      #expect(model.config["model_type"]?.string != nil, "\(model.name)")
      #expect(model.config["architectures"]?[0]?.string != nil, "\(model.name)")
      #expect(!model.configSource.isEmpty)
      if !model.configStatus.hasPrefix("verified") {
        #expect(!model.unverified.isEmpty || !model.notes.isEmpty, "\(model.name)")
      }
    }
  }

  @Test("computed totals stand within 2 % of the published ones, or the notes say why not")
  func published() throws {
    var compared = 0
    for model in try Catalogue.builtIn.models {
      guard let computed = model.computed, let total = model.published.totalBillion else {
        continue
      }
      compared += 1
      let off = abs(computed.totalBillion / total - 1)
      #expect(off <= 0.02 || model.notes.contains { $0.contains("total:") }, "\(model.name)")
    }
    #expect(compared >= 30)
  }

  @Test("a model is found in upper or lower case and by its title")
  func lookup() throws {
    let catalogue = try Catalogue.builtIn
    #expect(try catalogue.model(named: "DeepSeek-V3").name == "deepseek-v3")
    #expect(try catalogue.model(named: "kimi-k2-instruct").name == "kimi-k2")
    #expect(
      try catalogue.model(named: "granite-3.1-1b-a400m").config["num_local_experts"]?.int == 32)
  }

  @Test("an unknown model names the nearest ones")
  func unknown() throws {
    let catalogue = try Catalogue.builtIn
    let error = #expect(throws: UnknownModel.self) { try catalogue.model(named: "deepsek-v3") }
    #expect(error?.nearest.first == "deepseek-v3")
    let prefix = #expect(throws: UnknownModel.self) { try catalogue.model(named: "olmoe") }
    #expect(prefix?.nearest == ["olmoe-1b-7b"])
    let hostile = String(repeating: "a", count: 1_000_000) + "\u{202e}\u{1b}[31m"
    let long = #expect(throws: UnknownModel.self) { try catalogue.model(named: hostile) }
    #expect(long?.nearest == [])
    #expect((long?.description.utf8.count ?? 0) < 200)
    #expect(long?.description.contains("\u{1b}") == false)
  }

  @Test("the machine tables are complete and their ranges ordered")
  func machines() throws {
    let power = try PowerTables.builtIn
    #expect(power.cpus.count == 67)
    #expect(power.estimators.count == 9)
    #expect(power.estimators.allSatisfy { $0.low < 1 && $0.high > 1 })
    #expect(power.cpus.allSatisfy { $0.cores <= $0.threads })
    let site = try SiteTables.builtIn
    #expect(site.defaultTariff.usdPerKWh == 0.146)
    #expect(site.lowTariff.usdPerKWh == 0.056)
    #expect(site.highTariff.usdPerKWh == 0.433)
    #expect(site.grid("fra")?.gramsPerKWh == 56)
    #expect(site.rental("c7i.24xlarge")?.usdPerHour == 4.284)
    #expect(site.ownership["utilisation"]?.best == 0.3)
  }

  @Test("a processor is recognised by its reported name, and an unknown one is not")
  func processors() throws {
    let power = try PowerTables.builtIn
    let xeon = power.cpu(reportedAs: "Intel(R) Xeon(R) Platinum 8280 CPU @ 2.70GHz")
    #expect(xeon?.specpower?.fullWattsPerSocket ?? 0 > 200)
    #expect(power.cpu(reportedAs: "Intel(R) Xeon(R) Processor @ 2.50GHz") == nil)
    #expect(power.cpu(reportedAs: "") == nil)
    #expect(power.family(cpuFamily: 6, model: 85, stepping: 7)?.name == "Cascade Lake")
    #expect(power.family(cpuFamily: 6, model: 85, stepping: 4)?.name == "Skylake")
    #expect(power.family(cpuFamily: 26, model: 2, stepping: 1) == nil)
    #expect(power.teadsCurve.map(\.tdpFactor) == [0.12, 0.32, 0.75, 1.02])
  }
}
