// How long to wait before asking again (RFC 9110, section 10.2.3).

import Foundation

/// The wait that a reply 429 or 503 asks for.
package enum RetryRule {
  /// Longer than this nobody waits.
  package static let longest = 60.0

  /// - Parameters:
  ///   - values: Of the header Retry-After, seconds or a date.
  ///   - retry: Counts from 0.
  ///   - now: Seconds since 1970.
  /// - Returns: Seconds; above `longest`, the server wants too much. A header that says nothing usable leaves 0.5 s,
  ///   doubled each time.
  package static func seconds(_ values: [String], retry: Int, now: Double) -> Double {
    let standard = 0.5 * Double(1 << min(retry, 6))
    guard let value = values.first?.trimmingCharacters(in: .whitespaces) else { return standard }
    if let seconds = Double(value), seconds.isFinite {
      return seconds >= 0 ? seconds : standard
    }
    guard let date = date(value) else { return standard }
    return max(0, date - now)
  }

  /// `Sun, 06 Nov 1994 08:49:37 GMT`, the only form that may be sent.
  static func date(_ text: String) -> Double? {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.timeZone = TimeZone(identifier: "GMT")
    formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
    return formatter.date(from: text)?.timeIntervalSince1970
  }
}
