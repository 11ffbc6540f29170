// `--what-if`: a machine that differs from this one in what is given.

import Analysis
import CostModel

struct WhatIf {
  /// GB/s, cores, GB, W and $; nil where this machine's own holds.
  private(set) var bandwidth: Double?
  private(set) var cores: Int?
  private(set) var memory: Double?
  private(set) var watts: Double?
  private(set) var price: Double?
  private var given: Set<String> = []

  /// - Throws: `Failure` with status 64 for what is not `name=value,…`.
  init(flag: String) throws {
    for piece in flag.split(separator: ",", omittingEmptySubsequences: false) {
      let parts = piece.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2 else { throw Self.refusal(String(piece), "must be name=value") }
      try set(String(parts[0]), String(parts[1]))
    }
  }

  private mutating func set(_ name: String, _ text: String) throws {
    guard given.insert(name).inserted else { throw Self.refusal(name, "is given twice") }
    guard let value = Double(text), value.isFinite, value > 0, value < 1e12 else {
      throw Self.refusal("\(name)=\(text)", "the value must be a number above 0")
    }
    switch name {
    case "bandwidth": bandwidth = value
    case "memory": memory = value
    case "watts": watts = value
    case "price": price = value
    case "cores":
      guard let count = Int(exactly: value), count <= 65536 else {
        throw Self.refusal("\(name)=\(text)", "must be a whole number")
      }
      cores = count
    default:
      throw Self.refusal(name, "is none of bandwidth, cores, memory, watts, price")
    }
  }

  private static func refusal(_ what: String, _ rule: String) -> Failure {
    Failure(.usage, "--what-if: \(what.prefix(60)): \(rule)")
  }

  var machine: MachineChange {
    MachineChange(bandwidth: bandwidth.map { $0 * 1e9 }, cores: cores)
  }

  /// For a heading: "with 100 GB/s, 16 cores, for 900 $".
  var text: String {
    func number(_ value: Double) -> String {
      Int(exactly: value).map(String.init) ?? "\(value)"
    }
    let parts = [
      bandwidth.map { "\(number($0)) GB/s" }, cores.map { "\($0) cores" },
      memory.map { "\(number($0)) GB of memory" }, watts.map { "\(number($0)) W" },
    ].compactMap { $0 }
    let with = parts.isEmpty ? nil : "with " + parts.joined(separator: ", ")
    return [with, price.map { "for \(number($0)) $" }].compactMap { $0 }.joined(separator: ", ")
  }
}
