// Where a stored result's energy figures come from.

import CostModel
import Models

/// The meter or the method of a stored result.
public struct StoredEnergyAccount: Sendable {
  public let source: String
  /// `measured`, `estimated` or `given`; nil where there is neither meter nor method.
  public let provenance: String?
  public let covers: String
  /// What an estimate rests on.
  public let basis: String?
  /// Better meters that were not used, and why.
  public let passedOver: [(meter: String, reason: String)]
  /// Watts at rest with the model resident.
  public let idle: Estimate?
  public let idleSource: String?
  /// The meter or the method it is by.
  public let idleMeter: String?

  init(_ node: Node) throws(DataError) {
    source = try node.string("source")
    provenance = try node.optionalString("provenance")
    covers = try node.string("covers")
    basis = try node.optionalString("basis")
    passedOver = try node.list("passed_over") { (node) throws(DataError) in
      (meter: try node.string("meter"), reason: try node.string("reason"))
    }
    guard let idle = try node.optional("idle") else {
      self.idle = nil
      (idleSource, idleMeter) = (nil, nil)
      return
    }
    let watts = try idle.member("watts")
    let origin = try watts.optionalString("provenance").flatMap(Provenance.init(rawValue:))
    self.idle = try watts.range(
      low: "ci_low", best: "value", high: "ci_high", origin ?? .estimated)
    let meter = try idle.string("source")
    idleMeter = meter
    idleSource = "\((origin ?? .estimated).rawValue) by \(meter)"
  }
}
