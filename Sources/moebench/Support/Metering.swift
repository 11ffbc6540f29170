// Which meter a run uses: the user's, a counter, or an estimate that says so.

import CostModel
import Measurement
import Models

/// The meter of a run and what the machine draws when idle.
struct Metering {
  let meter: (any EnergyMeter)?
  let idleWatts: Estimate
  /// How the meter came to be chosen: what it covers, and why nothing better could be read.
  let account: String

  /// - Parameters:
  ///   - choice: `auto`, `rapl`, `estimate` or `none`.
  ///   - watts: The user's `--watts`, which wins over any meter.
  init(_ choice: String, watts: String?, _ environment: Environment) throws {
    let facts = try PowerFacts(PowerTables.builtIn, environment)
    let model = PowerModel.best(for: facts)
    if let watts {
      let range = try WattsRange(flag: watts)
      self.init(GivenWattsMeter(range), idle: model, "watts as given")
      return
    }
    switch choice {
    case "none":
      self.init(nil, idle: model, "no meter was wanted")
    case "rapl":
      do throws(EnergyReason) {
        let meter = try RAPLPowercap.meter()
        self.init(meter, idle: model, "covers \(meter.covers)")
      } catch {
        throw Failure(.usage, "--meter rapl: \(error.message)")
      }
    case "auto", "estimate":
      var reason = ""
      if choice == "auto" {
        do throws(EnergyReason) {
          let meter = try RAPLPowercap.meter()
          self.init(meter, idle: model, "covers \(meter.covers)")
          return
        } catch {
          reason = "; no counter: \(error.message)"
        }
      }
      guard let model else {
        self.init(nil, idle: nil, "no estimate is possible" + reason)
        return
      }
      self.init(
        EstimatedMeter(model: model), idle: model,
        "\(model.basis); covers \(model.covers)\(reason)")
    default:
      throw Failure(.usage, "--meter \(choice): must be auto, rapl, estimate or none")
    }
  }

  private init(_ meter: (any EnergyMeter)?, idle: PowerModel?, _ account: String) {
    self.meter = meter
    self.account = account
    let watts = idle?.watts(utilisation: 0)
    // Without any model of the idle machine its idle hours are left out, and the account says so.
    idleWatts =
      watts.flatMap {
        try? Estimate(low: $0.low, best: $0.best, high: $0.high, provenance: .estimated)
      } ?? .exactly(0, .estimated)
  }
}

extension PowerFacts {
  /// What the built-in tables say of this machine.
  init(_ tables: PowerTables, _ environment: Environment) throws {
    let cpu = environment.cpu
    let row = cpu.modelName.value.flatMap { tables.cpu(reportedAs: $0) }
    var family: CPUFamilyRow?
    if let number = cpu.family.value, let model = cpu.model.value {
      family = tables.family(cpuFamily: number, model: model, stepping: cpu.stepping.value ?? 0)
    }
    let generation = ProcessorGeneration(cpu: cpu)
    let siblings = tables.cpus.filter { generation?.includes(part: $0.name) ?? false }
    let ids: [(EstimateMethod, String)] = [
      (.specpower, "specpower"), (.familyWatts, "family_watts"),
      (.generationSpecpower, "family_watts"), (.teads, "teads"),
      (.tdpUtilisation, "tdp_utilisation"), (.unknownCPU, "unknown_cpu"),
    ]
    var ranges: [EstimateMethod: (low: Double, high: Double)] = [:]
    for (method, id) in ids {
      ranges[method] = tables.estimator(id).map { ($0.low, $0.high) }
    }
    let dram = tables.dramWattsPerGB
    self.init(
      part: row.map(PowerPart.init),
      family: family.map {
        ($0.name, $0.idleWattsPerThread, $0.fullWattsPerThread)
      }, siblings: siblings.map(PowerPart.init),
      threads: cpu.logicalCores.value ?? 1, sockets: cpu.sockets.value ?? 1,
      memoryGB: environment.memory.total.value.map { Double($0) / 1e9 },
      dramWattsPerGB: WattsRange(low: dram.low, best: dram.best, high: dram.high),
      teadsCurve: tables.teadsCurve.map { ($0.utilisation, $0.tdpFactor) },
      unknownWattsPerThread: tables.unknownCPUWattsPerThread, ranges: ranges)
  }
}

extension PowerPart {
  fileprivate init(_ row: CPURow) {
    self.init(
      name: row.name, threads: row.threads, tdpWatts: row.tdpWatts,
      specpower: row.specpower.map { ($0.idleWattsPerSocket, $0.fullWattsPerSocket) })
  }
}
