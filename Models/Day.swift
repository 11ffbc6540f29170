// A calendar day, for the validity of prices.

/// A day of the proleptic Gregorian calendar, in UTC.
public struct Day: Hashable, Sendable, Comparable {
  public let year: Int
  public let month: Int
  public let day: Int

  public init?(year: Int, month: Int, day: Int) {
    guard (1...9999).contains(year), (1...12).contains(month), day >= 1,
      day <= Self.length(year, month)
    else { return nil }
    (self.year, self.month, self.day) = (year, month, day)
  }

  /// Reads `2026-11-21`, or `2026-11` as the first of the month; text after it is ignored.
  public init?(_ text: String) {
    let head = text.prefix { $0.isASCII && ($0.isNumber || $0 == "-") }
    let parts = head.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2 || parts.count == 3, parts[0].count == 4,
      parts.dropFirst().allSatisfy({ $0.count == 2 }),
      let year = Int(parts[0]), let month = Int(parts[1])
    else { return nil }
    guard parts.count == 3 else {
      self.init(year: year, month: month, day: 1)
      return
    }
    guard let day = Int(parts[2]) else { return nil }
    self.init(year: year, month: month, day: day)
  }

  private static func length(_ year: Int, _ month: Int) -> Int {
    switch month {
    case 4, 6, 9, 11: 30
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    default: 31
    }
  }

  public static func < (a: Day, b: Day) -> Bool {
    (a.year, a.month, a.day) < (b.year, b.month, b.day)
  }
}

extension Day: CustomStringConvertible {
  public var description: String {
    func pad(_ value: Int, _ width: Int) -> String {
      let digits = String(value)
      return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    return "\(pad(year, 4))-\(pad(month, 2))-\(pad(day, 2))"
  }
}
