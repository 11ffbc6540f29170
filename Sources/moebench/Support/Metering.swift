// Which meter a command uses: the user's, the best that works here, or an estimate that says so.

import Analysis
import CostModel
import Measurement
import Models
import Reports

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The meter of a run, what the machine draws at rest, and how both came to be chosen.
///
/// Any command that measures makes one from `--meter` and `--watts`, hands `meter` to its runner, calls `idle()` once
/// with the model resident, and puts `account(idle:)` into its document.
struct Metering {
  /// nil for `--meter none`.
  let meter: (any EnergyMeter)?
  private let request: MeterRequest
  private let choice: MeterChoice?
  private let factory: MeterFactory
  private let store: CalibrationStore?
  /// The fit against a wall meter that the readings are carried by.
  private let calibration: CalibrationRecord?
  /// Why a fit that is kept is not used.
  private let calibrationFault: EnergyAccount.PassedOver?
  /// Stands in where nothing measures.
  let model: PowerModel
  /// The user's `--watts`.
  private var given: WattsRange?
  /// What follows from it for the machine at rest.
  private var givenIdle: IdlePower?

  /// - Parameters:
  ///   - flag: What `--meter` says, as `MeterRequest` reads it.
  ///   - watts: The user's `--watts`, which wins over any meter.
  ///   - windowSeconds: How long a repetition takes at least: slower meters are passed over by `auto`.
  ///   - calibrated: Whether a counter is carried to the wall where this machine has been calibrated.
  /// - Throws: `MeterRequestError`, `WattsError`, or `Failure` where a meter asked for by name does not work here: it is
  ///   never replaced silently.
  init(
    _ flag: String, watts: String?, _ environment: Environment, windowSeconds: Double = 2,
    calibrated: Bool = true
  ) throws {
    let store = calibrated ? CalibrationStore(environment) : nil
    let request = try MeterRequest(flag: flag)
    let model = try PowerModel.of(environment)
    let factory = MeterFactory(estimate: model, cancellation: Interruption.cancellation)
    if let watts {
      let range = try WattsRange(flag: watts)
      self.init(GivenWattsMeter(range), request, nil, factory, model, nil)
      given = range
      // By the user's own figure, as cost and endpoint do: a table's idle watts could exceed it.
      let full = try Estimate(
        low: range.low, best: range.best, high: range.high, provenance: .given)
      givenIdle = try IdlePower(
        shareOfFull: full, reason: "--watts gives the power under load, and no meter is read")
    } else {
      let choice = try Self.choose(request, factory, windowSeconds)
      self.init(choice.meter, request, choice, factory, model, store)
    }
  }

  private init(
    _ meter: (any EnergyMeter)?, _ request: MeterRequest, _ choice: MeterChoice?,
    _ factory: MeterFactory, _ model: PowerModel, _ store: CalibrationStore?
  ) {
    self.store = store
    (calibration, calibrationFault) = Self.calibration(of: meter, store)
    if let meter, let calibration {
      self.meter = CalibratedMeter(meter, calibration: calibration.calibration)
    } else {
      self.meter = meter
    }
    self.request = request
    self.choice = choice
    self.factory = factory
    self.model = model
  }

  private static func calibration(of meter: (any EnergyMeter)?, _ store: CalibrationStore?) -> (
    CalibrationRecord?, EnergyAccount.PassedOver?
  ) {
    guard let meter, let store, meter.provenance == .measured, Calibration.applies(to: meter.name)
    else { return (nil, nil) }
    do {
      return (try store.record(of: meter.name), nil)
    } catch {
      let reason = EnergyReason(.garbage, "\(error)")
      return (nil, .init(name: "calibration of \(meter.name)", reason: reason))
    }
  }

  /// The same wish for repetitions of a known length: `auto` may choose another meter.
  func fitting(windowSeconds: Double) throws -> Metering {
    guard request == .automatic, choice != nil else { return self }
    let choice = try Self.choose(request, factory, windowSeconds)
    return Metering(choice.meter, request, choice, factory, model, store)
  }

  private static func choose(
    _ request: MeterRequest, _ factory: MeterFactory, _ windowSeconds: Double
  ) throws -> MeterChoice {
    do throws(EnergyReason) {
      return try factory.choose(request, windowSeconds: windowSeconds)
    } catch {
      let status: ExitStatus =
        switch (request, error.fault) {
        case (.csv(let path), _): access(path, F_OK) == 0 ? .badData : .noInput
        case (_, .permissionDenied): .refused
        default: .unavailable
        }
      throw Failure(status, "--meter \(request.name): \(error.message)")
    }
  }

  /// Whether the user's `--watts` stand in place of any meter.
  var isGiven: Bool { given != nil }

  /// The most that the machine is thought to draw: what colocation is paid by.
  var fullWatts: Estimate {
    get throws(CostError) {
      let watts = given ?? model.watts(utilisation: 1)
      return try Estimate(
        low: watts.low, best: watts.best, high: watts.high,
        provenance: given == nil ? .estimated : .given)
    }
  }

  /// What a cost rests on: what was given, what the tables assume, and the watts at rest that were seen.
  func costBasis(
    _ settings: CostSettings, _ environment: Environment, idle: IdlePower
  ) throws -> CostBasis {
    try CostBasis(
      settings, environment: environment, idleWatts: idle.estimate(), idleSource: idle.story,
      idleMeter: idle.source, fullWatts: fullWatts, energySource: meter?.name,
      tables: SiteTables.builtIn)
  }

  /// Refuses settings that no cost can be made of, before anything is measured.
  func check(_ settings: CostSettings, _ environment: Environment) throws {
    _ = try costBasis(settings, environment, idle: unmeasuredIdle)
  }

  /// Watts at rest as estimated, at once.
  var unmeasuredIdle: IdlePower {
    givenIdle ?? IdlePower(nil, shortestWindow: 0, model: model)
  }

  /// Watts at rest: measured for some seconds where the meter can, estimated otherwise.
  func idle(_ cancellation: Cancellation = Interruption.cancellation) -> IdlePower {
    givenIdle
      ?? IdlePower(
        meter, shortestWindow: choice?.shortestWindow ?? 0, model: model, cancellation: cancellation
      )
  }

  func account(idle: IdlePower?) -> EnergyAccount {
    EnergyAccount(
      source: meter?.name ?? "none", provenance: meter?.provenance,
      covers: meter?.covers ?? "no meter was wanted",
      basis: (meter as? EstimatedMeter)?.model.basis ?? calibration.map(Self.basis),
      passedOver: (choice?.passedOver ?? []).map { .init(name: $0.name, reason: $0.reason) }
        + [calibrationFault].compactMap { $0 },
      idle: idle)
  }

  private static func basis(_ record: CalibrationRecord) -> String {
    "\(record.meter), carried to the wall by \(record.windows.count) windows of \(record.madeAt)"
  }
}

extension IdlePower {
  /// For the cost model.
  func estimate() throws(CostError) -> Estimate {
    try Estimate(
      low: watts.low, best: watts.best, high: watts.high,
      provenance: provenance == .measured ? .measured : .estimated)
  }

  /// For the list of assumptions.
  var story: String { "model resident, \(provenance.rawValue) by \(source)" }
}

extension PowerModel {
  /// The best estimator for this machine.
  ///
  /// - Throws: `DataError` where the built-in tables hold no estimator at all.
  static func of(_ environment: Environment) throws -> PowerModel {
    guard let model = best(for: try PowerFacts(PowerTables.builtIn, environment)) else {
      throw DataError(
        file: "built-in tables", path: "estimators",
        rule: .outOfRange("no estimator", rule: "can be used on this machine"))
    }
    return model
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
    let (dram, psu) = (tables.dramWattsPerGB, tables.psuFactor)
    self.init(
      part: row.map(PowerPart.init),
      family: family.map {
        ($0.name, $0.idleWattsPerThread, $0.fullWattsPerThread)
      }, siblings: siblings.map(PowerPart.init),
      threads: cpu.logicalCores.value ?? 1, sockets: cpu.sockets.value ?? 1,
      memoryGB: environment.memory.total.value.map { Double($0) / 1e9 },
      dramWattsPerGB: WattsRange(low: dram.low, best: dram.best, high: dram.high),
      teadsCurve: tables.teadsCurve.map { ($0.utilisation, $0.tdpFactor) },
      unknownWattsPerThread: tables.unknownCPUWattsPerThread, ranges: ranges,
      psu: WattsRange(low: psu.low, best: psu.best, high: psu.high))
  }
}

extension PowerPart {
  fileprivate init(_ row: CPURow) {
    self.init(
      name: row.name, threads: row.threads, tdpWatts: row.tdpWatts,
      specpower: row.specpower.map { ($0.idleWattsPerSocket, $0.fullWattsPerSocket) })
  }
}
