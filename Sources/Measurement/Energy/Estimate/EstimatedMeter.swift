// A power model in the place of a meter: watts at the measured utilisation, times seconds.

/// Estimates energy from utilisation; always says so.
public final class EstimatedMeter: EnergyMeter {
  public var name: String { model.method.rawValue }
  public let provenance = EnergyProvenance.estimated
  public var covers: String { model.covers }
  public let model: PowerModel

  /// Windows shorter than this see too few ticks of /proc/stat (10 ms each); the process's own
  /// time, which is finer, stands in.
  private static let shortestTicks = 0.5

  public init(model: PowerModel) { self.model = model }

  public func begin() {}

  public func end(_ window: EnergyWindow) -> EnergySample {
    let machine = window.seconds >= Self.shortestTicks ? window.utilisation.value : nil
    let watts = model.watts(utilisation: machine ?? window.ownUtilisation)
    return EnergySample(source: name, provenance: provenance, watts: watts, window: window)
  }
}
