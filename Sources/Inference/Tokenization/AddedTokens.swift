// Tokens that are found in the text before anything else is done with it.

/// A token of a tokenizer's `added_tokens`.
struct AddedToken: Sendable {
  let id: Int
  var content: [UInt8]
  /// Left out of decoded text where the caller wants no special tokens.
  var isSpecial = false
  /// Taken only where it does not touch a letter or a digit.
  var isSingleWord = false
  /// Takes the white space before or after it as well.
  var stripsLeft = false
  var stripsRight = false
  /// Looked for after normalization instead of before.
  var isNormalized = false
}

extension AddedToken {
  /// Bytes of one token and of all together: far above any tokenizer's, and the search's memory is in
  /// proportion to them.
  static let longest = 4096
  static let longestTotal = 1 << 20

  /// Refuses tokens that are longer than the search can hold.
  static func checkLengths(_ tokens: [AddedToken], field: String) throws(TokenizerError) {
    var total = 0
    for token in tokens {
      total += token.content.count
      guard token.content.count <= longest, total <= longestTotal else {
        throw .field(
          field,
          rule: "token \(token.id) is longer than \(longest) bytes, or all are than \(longestTotal)"
        )
      }
    }
  }
}

/// Finds added tokens in a text: the leftmost, and of those the longest.
struct AddedTokenMatcher: Sendable {
  /// A part of the text: a token, or text between tokens.
  struct Part {
    let range: Range<Int>
    let id: Int?
  }

  private let tokens: [AddedToken]
  /// A trie: the node reached from a node by a byte, keyed by both.
  private var nodes: [UInt64: Int] = [:]
  /// Index + 1 of the token that ends at a node.
  private var ends: [Int] = [0]
  private var canStart = [Bool](repeating: false, count: 256)

  init(_ tokens: [AddedToken]) {
    self.tokens = tokens
    for (index, token) in tokens.enumerated() {
      guard let first = token.content.first else { continue }
      canStart[Int(first)] = true
      var node = 0
      for byte in token.content {
        let key = UInt64(node) << 8 | UInt64(byte)
        if let next = nodes[key] {
          node = next
        } else {
          ends.append(0)
          node = ends.count - 1
          nodes[key] = node
        }
      }
      ends[node] = index + 1
    }
  }

  var isEmpty: Bool { nodes.isEmpty }

  func parts(of bytes: [UInt8]) -> [Part] {
    guard !bytes.isEmpty else { return [] }
    var parts: [Part] = []
    var done = 0
    var position = 0
    while !isEmpty, position < bytes.count {
      guard canStart[Int(bytes[position])], let (token, stop) = longest(bytes, at: position) else {
        position += 1
        continue
      }
      let start = position
      position = stop
      if token.isSingleWord, touchesWord(bytes, start..<stop) { continue }
      let left = max(done, token.stripsLeft ? spaceStart(bytes, before: start) : start)
      let right = max(left, token.stripsRight ? spaceEnd(bytes, after: stop) : stop)
      if done < left { parts.append(Part(range: done..<left, id: nil)) }
      parts.append(Part(range: left..<right, id: token.id))
      done = right
    }
    if done < bytes.count { parts.append(Part(range: done..<bytes.count, id: nil)) }
    return parts
  }

  private func longest(_ bytes: [UInt8], at start: Int) -> (AddedToken, Int)? {
    var node = 0
    var position = start
    var found: (AddedToken, Int)?
    while position < bytes.count, let next = nodes[UInt64(node) << 8 | UInt64(bytes[position])] {
      node = next
      position += 1
      if ends[node] != 0 { found = (tokens[ends[node] - 1], position) }
    }
    return found
  }
}

// MARK: - What surrounds a token

private func spaceStart(_ bytes: [UInt8], before end: Int) -> Int {
  var position = end
  while position > 0 {
    let start = scalarStart(bytes, before: position)
    guard scalar(bytes, start, position)?.properties.isWhitespace == true else { break }
    position = start
  }
  return position
}

private func spaceEnd(_ bytes: [UInt8], after start: Int) -> Int {
  var position = start
  while position < bytes.count {
    let end = position + utf8Length(lead: bytes[position])
    guard scalar(bytes, position, end)?.properties.isWhitespace == true else { break }
    position = end
  }
  return position
}

private func touchesWord(_ bytes: [UInt8], _ range: Range<Int>) -> Bool {
  if range.lowerBound > 0 {
    let start = scalarStart(bytes, before: range.lowerBound)
    if isWord(scalar(bytes, start, range.lowerBound)) { return true }
  }
  guard range.upperBound < bytes.count else { return false }
  let end = range.upperBound + utf8Length(lead: bytes[range.upperBound])
  return isWord(scalar(bytes, range.upperBound, end))
}

private func scalarStart(_ bytes: [UInt8], before end: Int) -> Int {
  var position = end - 1
  while position > 0, bytes[position] & 0xC0 == 0x80 { position -= 1 }
  return position
}

private func scalar(_ bytes: [UInt8], _ start: Int, _ end: Int) -> Unicode.Scalar? {
  Unicode.Scalar(scalarValue(bytes, at: start, length: end - start))
}

/// The class `\w` of Unicode Technical Standard 18, annex C.
private func isWord(_ scalar: Unicode.Scalar?) -> Bool {
  guard let scalar else { return false }
  if scalar.properties.isAlphabetic || scalar.properties.isJoinControl { return true }
  switch scalar.properties.generalCategory {
  case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation:
    return true
  default: return false
  }
}
