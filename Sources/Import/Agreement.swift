// Holds what a file says of itself against what its samples give: more than 1 % apart is refused.

import Models
import StrictJSON

enum Agreement {
  static let tolerance = 0.01

  /// Checks the member `key` where there is one.
  ///
  /// - Parameter slack: What the two may differ by for a reason that is known, beyond the 1 %.
  static func check(
    _ node: Node, _ key: String, against computed: Double?, slack: Double = 0
  ) throws(DataError) {
    guard let member = try node.optional(key), let computed else { return }
    let stated = try member.amount()
    let limit = (tolerance + slack) * max(abs(computed), .leastNormalMagnitude)
    guard abs(stated - computed) <= limit else {
      throw member.fault(
        .outOfRange("\(stated)", rule: "is not what the file's own samples give, \(computed)"))
    }
  }
}

extension Node {
  /// A number above 0 that fits a sample: seconds that are finite and not absurdly small.
  func seconds() throws(DataError) -> Double {
    let value = try positive()
    guard value > 1e-12, value < 1e12 else {
      throw fault(.outOfRange("\(value)", rule: "is no plausible time in seconds"))
    }
    return value
  }

  /// A time in nanoseconds, as seconds: from one of them to 31 years.
  func nanoseconds() throws(DataError) -> Double {
    let value = try positive()
    guard (1...1e18).contains(value) else {
      throw fault(.outOfRange("\(value)", rule: "is no plausible time in nanoseconds"))
    }
    return value / 1e9
  }

  /// The greatest count that is believed; whole numbers hold sums of such.
  static var mostCounted: Int { 1 << 40 }

  /// A count that tokens can have.
  func tokens() throws(DataError) -> Int {
    let count = try count()
    guard count <= Self.mostCounted else {
      throw fault(.outOfRange("\(count)", rule: "is no plausible count of tokens"))
    }
    return count
  }

  /// Requests in flight, stated as a number; nil where it is none, as tools change what stands there.
  func inFlight() throws(DataError) -> Double? {
    guard value.number != nil else { return nil }
    let count = try positive()
    guard count <= Double(Self.mostCounted) else {
      throw fault(.outOfRange("\(count)", rule: "is no plausible count of requests in flight"))
    }
    return count
  }

  func optionalSeconds(_ key: String) throws(DataError) -> Double? {
    try optional(key)?.seconds()
  }

  /// Text where there is any; anything else is let be, as tools change the types of what nobody computes with.
  func text(_ key: String) -> String? {
    guard let string = value[key]?.string, !string.isEmpty else { return nil }
    return string
  }

  func whole(_ key: String) -> Int? {
    value[key]?.number?.wholeInt.flatMap { $0 >= 0 ? $0 : nil }
  }
}
