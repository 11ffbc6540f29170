// What is done to a text before it is cut into pieces.

/// The steps of a tokenizer's `normalizer`, in order.
struct Normalizer: Sendable {
  enum Step: Sendable {
    /// Unicode normalization form C.
    case composed
    /// Puts this before a text that is not empty.
    case prepend([UInt8])
    case replace([UInt8], with: [UInt8])
  }

  var steps: [Step] = []

  func apply(_ text: [UInt8]) -> [UInt8] {
    var text = text
    for step in steps {
      switch step {
      case .composed: text = canonicallyComposed(text)
      case .prepend(let prefix): if !text.isEmpty { text = prefix + text }
      case .replace(let pattern, let content): text = replacing(text, pattern, content)
      }
    }
    return text
  }

  /// The steps without what is put before a text.
  func withoutPrefix(_ text: [UInt8]) -> [UInt8] {
    var others = self
    others.steps.removeAll { if case .prepend = $0 { true } else { false } }
    return others.apply(text)
  }
}

/// Replaces every occurrence of `pattern`, from left to right.
func replacing(_ text: [UInt8], _ pattern: [UInt8], _ content: [UInt8]) -> [UInt8] {
  guard let first = pattern.first, text.contains(first) else { return text }
  var result: [UInt8] = []
  result.reserveCapacity(text.count)
  var position = 0
  while position < text.count {
    if text[position] == first, text[position...].starts(with: pattern) {
      result.append(contentsOf: content)
      position += pattern.count
    } else {
      result.append(text[position])
      position += 1
    }
  }
  return result
}
