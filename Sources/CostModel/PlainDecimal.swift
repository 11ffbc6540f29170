// Numbers of flags that are lists of numbers: digits and a point, nothing else.

/// Reads what people write as a number. `Double` would also take hexadecimal, infinity and nan.
public enum PlainDecimal {
  /// - Returns: nil for anything but ASCII digits with at most one point.
  public static func parse(_ text: some StringProtocol) -> Double? {
    guard !text.isEmpty, text.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }) else {
      return nil
    }
    return Double(text)
  }

  /// A share from 0 to 1, also as a percentage.
  public static func share(_ text: some StringProtocol) -> Double? {
    let value = text.hasSuffix("%") ? parse(text.dropLast()).map { $0 / 100 } : parse(text)
    return value.flatMap { (0...1).contains($0) ? $0 : nil }
  }
}
