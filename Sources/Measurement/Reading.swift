// A value that was obtained, or the reason why it was not.

/// A value from the machine, or why there is none. Unknown is never 0.
public enum Reading<Value: Sendable>: Sendable {
  case known(Value)
  case unknown(reason: String)

  /// The value, `nil` where it was not obtained.
  public var value: Value? {
    if case .known(let value) = self { value } else { nil }
  }

  /// Why there is no value, `nil` where there is one.
  public var reason: String? {
    if case .unknown(let reason) = self { reason } else { nil }
  }

  /// The reading of something derived from this value.
  public func map<Other>(_ transform: (Value) -> Other) -> Reading<Other> {
    switch self {
    case .known(let value): .known(transform(value))
    case .unknown(let reason): .unknown(reason: reason)
    }
  }

  /// Like `map`, where the transform may find the value unusable.
  public func flatMap<Other>(_ transform: (Value) -> Reading<Other>) -> Reading<Other> {
    switch self {
    case .known(let value): transform(value)
    case .unknown(let reason): .unknown(reason: reason)
    }
  }
}

extension Reading: Equatable where Value: Equatable {}

extension Reading {
  /// The value, or the reason given where it is `nil`.
  package init(_ value: Value?, orReason reason: @autoclosure () -> String) {
    if let value { self = .known(value) } else { self = .unknown(reason: reason()) }
  }
}
