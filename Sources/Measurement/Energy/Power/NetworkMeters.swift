// Meters that answer in JSON: Shelly plugs of both generations and Redfish.

import Foundation

/// A Shelly plug or relay at the wall.
package struct ShellyReader: PowerReader {
  /// Which interface the device speaks.
  package enum Generation: Sendable {
    /// `/meter/0`: watts in `power`.
    case first
    /// `/rpc/Switch.GetStatus?id=0`: watts in `apower`.
    case second
  }

  private let request: HTTPGet
  private let generation: Generation

  package init(authority: String, generation: Generation) throws(EnergyReason) {
    let path = generation == .first ? "/meter/0" : "/rpc/Switch.GetStatus?id=0"
    guard let request = HTTPGet(authority: authority, path: path) else {
      throw EnergyReason(.noMeter, "\"\(authority.clipped)\" is not a host")
    }
    self.request = request
    self.generation = generation
  }

  package func watts() throws(EnergyReason) -> Double {
    try Self.watts(try request.body(), generation)
  }

  package static func watts(
    _ body: Data, _ generation: Generation
  ) throws(EnergyReason) -> Double {
    switch generation {
    case .first:
      struct Meter: Decodable {
        let power: Double
        let is_valid: Bool?
      }
      let meter = try decode(Meter.self, body, "Shelly /meter/0")
      guard meter.is_valid != false else {
        throw EnergyReason(.wrongState, "Shelly /meter/0 says that its reading is not valid")
      }
      return meter.power
    case .second:
      struct Switch: Decodable {
        let apower: Double
        let voltage: Double?
      }
      let relay = try decode(Switch.self, body, "Shelly Switch.GetStatus")
      // Relays without a meter answer 0 W for ever and know no voltage.
      guard relay.apower != 0 || relay.voltage != nil else {
        throw EnergyReason(.noMeter, "this Shelly switch has no meter")
      }
      return relay.apower
    }
  }
}

/// The power reading of a server's management controller (DMTF Redfish, schema Power).
package struct RedfishReader: PowerReader {
  private enum Source: Sendable {
    case http(HTTPGet)
    /// TLS and credentials (~/.netrc) are left to curl.
    case curl(ToolRunner)
  }

  private let source: Source

  /// - Parameter url: Of the chassis' Power resource, `https://bmc/redfish/v1/Chassis/1/Power`.
  package init(url: String) throws(EnergyReason) {
    if url.hasPrefix("https://") {
      source = .curl(
        ToolRunner(
          tool: "curl",
          arguments: [
            "--silent", "--show-error", "--fail", "--netrc", "--max-time", "8", "--", url,
          ]))
      return
    }
    let rest = url.dropFirst("http://".count)
    let slash = rest.firstIndex(of: "/") ?? rest.endIndex
    guard url.hasPrefix("http://"),
      let get = HTTPGet(authority: String(rest[..<slash]), path: String(rest[slash...]))
    else { throw EnergyReason(.noMeter, "\"\(url.clipped)\" is not the URL of a Redfish resource") }
    source = .http(get)
  }

  package func watts() throws(EnergyReason) -> Double {
    switch source {
    case .http(let get): try Self.watts(try get.body())
    case .curl(let tool): try Self.watts(try tool.output())
    }
  }

  package static func watts(_ body: Data) throws(EnergyReason) -> Double {
    struct Power: Decodable {
      struct Control: Decodable { let PowerConsumedWatts: Double? }
      let PowerControl: [Control]
    }
    let power = try decode(Power.self, body, "Redfish Power")
    guard let watts = power.PowerControl.first?.PowerConsumedWatts else {
      throw EnergyReason(.garbage, "Redfish Power has no PowerControl[0].PowerConsumedWatts")
    }
    return watts
  }
}

/// Numbers must be numbers: `JSONDecoder` takes neither strings nor booleans for them.
private func decode<Value: Decodable>(
  _ type: Value.Type, _ body: Data, _ what: String
) throws(EnergyReason) -> Value {
  do { return try JSONDecoder().decode(type, from: body) } catch {
    throw EnergyReason(.garbage, "\(what) is not in the known form")
  }
}
