// A power model in the place of a meter: watts at this process's own utilisation, times seconds.

/// Estimates energy from utilisation; always says so.
public final class EstimatedMeter: EnergyMeter {
  public var name: String { model.method.rawValue }
  public let provenance = EnergyProvenance.estimated
  public var covers: String { model.covers }
  public let model: PowerModel

  public init(model: PowerModel) { self.model = model }

  public func begin() {}

  public func end(_ window: EnergyWindow) -> EnergySample {
    // Always its own: /proc/stat's ticks see no short window, and a neighbour's load is not this run's.
    let watts = model.watts(utilisation: window.ownUtilisation)
    return EnergySample(source: name, provenance: provenance, watts: watts, window: window)
  }
}
