// How a run's energy figures came about: the meter, what it covers, what was passed over, the idle power.

/// Power of the machine at rest with the model resident.
public struct IdlePower: Sendable, Equatable {
  public let watts: WattsRange
  public let provenance: EnergyProvenance
  /// Name of the meter, or of the method that stands in for one.
  public let source: String
  /// Length of the window it was measured over; nil where it was not measured.
  public let seconds: Double?
  /// Why it was not measured; nil where it was.
  public let reason: String?

  public init(
    watts: WattsRange, provenance: EnergyProvenance, source: String, seconds: Double?,
    reason: String?
  ) {
    self.watts = watts
    self.provenance = provenance
    self.source = source
    self.seconds = seconds
    self.reason = reason
  }
}

extension IdlePower {
  /// Waiting longer than this for a baseline is not worth it, seconds.
  private static let longest = 30.0

  /// By the meter where it measures and answers soon enough, by the model otherwise, with the reason.
  ///
  /// - Parameters:
  ///   - shortestWindow: What the meter resolves, seconds.
  ///   - model: Stands in where nothing measures.
  public init(
    _ meter: (any EnergyMeter)?, shortestWindow: Double, model: PowerModel,
    cancellation: Cancellation = Cancellation()
  ) {
    let seconds = max(1, 1.25 * shortestWindow)
    let reason: String
    switch meter {
    case .some(let meter) where meter.provenance.readsMeter && seconds <= Self.longest:
      let (sample, passed) = meter.idle(seconds: seconds, cancellation: cancellation)
      if let joules = sample.joules.value, let low = sample.low, let high = sample.high, passed > 0
      {
        let watts = WattsRange(low: low / passed, best: joules / passed, high: high / passed)
        self.init(
          watts: watts, provenance: sample.provenance, source: sample.source, seconds: passed,
          reason: nil)
        return
      }
      reason = sample.joules.reason ?? "\(meter.name) gave no figure"
    case .some(let meter) where meter.provenance.readsMeter:
      reason = "\(meter.name) would need \(Int(seconds)) s"
    case .some(let meter): reason = "no meter: \(meter.name)"
    case nil: reason = "no meter"
    }
    self.init(
      watts: model.watts(utilisation: 0), provenance: .estimated, source: model.method.rawValue,
      seconds: nil, reason: reason)
  }
}

/// The story of a run's energy figures.
public struct EnergyAccount: Sendable {
  /// A better meter that was not used, and why.
  public struct PassedOver: Sendable, Equatable {
    public let name: String
    public let reason: EnergyReason

    public init(name: String, reason: EnergyReason) {
      self.name = name
      self.reason = reason
    }
  }

  /// Name of the meter or the method; `none` where there is neither.
  public var source: String
  /// nil where there is neither meter nor method.
  public var provenance: EnergyProvenance?
  /// What the figures include, for people.
  public var covers: String
  /// What an estimate rests on: "AMD EPYC 9654, 8 of 192 threads"; nil for a meter.
  public var basis: String?
  public var passedOver: [PassedOver]
  public var idle: IdlePower?
  /// Why there is no idle power; nil where there is one.
  public var idleReason: String?

  public init(
    source: String, provenance: EnergyProvenance?, covers: String, basis: String?,
    passedOver: [PassedOver], idle: IdlePower?
  ) {
    self.source = source
    self.provenance = provenance
    self.covers = covers
    self.basis = basis
    self.passedOver = passedOver
    self.idle = idle
  }

  /// In a sentence.
  public var sentence: String {
    guard let provenance else { return "Energy: not measured (\(covers))" }
    let rests = basis.map { ", from \($0)" } ?? ""
    return "Energy: \(provenance.rawValue) by \(source)\(rests); covers \(covers)"
  }
}
