// moebench models: the catalogue.

import ArgumentParser
import Inference
import Models
import Reports

struct Models_: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "models", abstract: "List the catalogue's models: parameters, bytes, licence.")

  @Argument(help: "A model of the catalogue; all if left out.")
  var name: String?

  mutating func run() throws {
    let catalogue = try Catalogue.builtIn
    let entries = try name.map { [try catalogue.model(named: $0)] } ?? catalogue.models
    var table = TextTable([.left, .right, .right, .right, .left])
    table.add(["model", "total", "active", "q4_0", "licence"])
    for entry in entries {
      do {
        let description = try Architectures.describe(entry.config)
        let count = try description.parameterCount()
        table.add([
          entry.name, Number.count(Double(count.total)),
          Number.count(Double(count.activeWithoutEmbedding)),
          Number.bytes(Double(try description.weightBytes(asking: .q4_0).total)), entry.license,
        ])
      } catch {
        table.add([entry.name, "-", "-", "-", "\(error)"])
      }
    }
    Output.standard(table.lines().joined(separator: "\n") + "\n")
  }
}
