// The energy of one window of time, with where it comes from and why it may not be used.

/// How an energy figure was obtained. Never rank a measured one against an estimated one.
public enum EnergyProvenance: String, Sendable {
  case measured, estimated, given
  /// A meter's reading carried to the wall by a regression: better than an estimate, and no measurement.
  case calibrated

  /// Whether a meter is read for it, directly or through a calibration.
  public var readsMeter: Bool { self == .measured || self == .calibrated }
}

/// Why an energy figure is not valid, in words that stay the same between versions.
public enum EnergyFault: Hashable, Sendable {
  /// No meter was asked for, or none exists here.
  case noMeter
  case permissionDenied
  case meterDisappeared
  /// A counter went back by more than a wrap explains.
  case counterReset
  /// More time between two readings than the counter can wrap in or the method allows.
  case gap
  /// Shorter than the meter can resolve.
  case windowTooShort
  case garbage
  case implausiblePower
  case noSamplesInWindow
  case wrongState
  case utilisationUnknown
  /// A reading that a calibration carried to the wall.
  case calibrated

  public var code: String {
    switch self {
    case .noMeter: "no_meter"
    case .permissionDenied: "permission_denied"
    case .meterDisappeared: "meter_disappeared"
    case .counterReset: "counter_reset"
    case .gap: "gap"
    case .windowTooShort: "window_too_short"
    case .garbage: "garbage"
    case .implausiblePower: "implausible_power"
    case .noSamplesInWindow: "no_samples_in_window"
    case .wrongState: "wrong_state"
    case .utilisationUnknown: "utilisation_unknown"
    case .calibrated: "calibrated"
    }
  }
}

/// A fault with the sentence that explains it here.
public struct EnergyReason: Sendable, Equatable, Hashable {
  public let fault: EnergyFault
  public let message: String

  public init(_ fault: EnergyFault, _ message: String) {
    self.fault = fault
    self.message = message
  }
}

extension Double {
  /// Seconds as a message says them: to the millisecond, without digits that mean nothing.
  var inSeconds: String {
    let rounded = (self * 1000).rounded() / 1000
    guard abs(rounded) < 1e12, rounded == rounded.rounded() else { return "\(rounded)" }
    return "\(Int(rounded))"
  }
}

/// Energy of one window. `joules` is unknown where any reason makes it invalid.
public struct EnergySample: Sendable, Equatable {
  /// Name of the meter or method.
  public let source: String
  public let provenance: EnergyProvenance
  public let joules: Reading<Double>
  /// 90 % range of what the source claims to cover; `nil` where joules are unknown.
  public let low: Double?
  public let high: Double?
  public let invalidReasons: [EnergyReason]

  public var isValid: Bool { invalidReasons.isEmpty }

  /// How the figure was obtained; nil where there is none, as nobody obtained it.
  public var origin: EnergyProvenance? { joules.value == nil ? nil : provenance }

  /// A figure that holds.
  public init(
    source: String, provenance: EnergyProvenance, joules: Double, low: Double, high: Double
  ) {
    self.source = source
    self.provenance = provenance
    self.joules = .known(joules)
    self.low = low
    self.high = high
    invalidReasons = []
  }

  /// No figure, and why.
  public init(source: String, provenance: EnergyProvenance, invalid reasons: [EnergyReason]) {
    self.source = source
    self.provenance = provenance
    joules = .unknown(reason: reasons.map(\.message).joined(separator: "; "))
    low = nil
    high = nil
    invalidReasons = reasons
  }

  /// The sample of a run without a meter.
  public static func notMeasured(_ message: String = "no energy meter was used") -> EnergySample {
    EnergySample(
      source: "none", provenance: .measured, invalid: [EnergyReason(.noMeter, message)])
  }
}

extension Sequence<EnergySample> {
  /// How the figures were obtained, by the first there is; nil where there is none.
  public var origin: EnergyProvenance? { lazy.compactMap(\.origin).first }
}
