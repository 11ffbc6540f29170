// Cuts a text into the pieces that are encoded each for itself.

/// The steps of a tokenizer's `pre_tokenizer`, in order.
struct PreTokenizer: Sendable {
  enum Behavior: String, Sendable {
    case removed = "Removed"
    case isolated = "Isolated"
    case mergedWithPrevious = "MergedWithPrevious"
    case mergedWithNext = "MergedWithNext"
    case contiguous = "Contiguous"
  }

  /// Where a marker is put before a text that does not begin with one.
  enum PrependScheme: String, Sendable { case always, never, first }

  enum Step: Sendable {
    case split(Pattern, Behavior, isInverted: Bool)
    /// A space before each piece that does not begin with one (`add_prefix_space`).
    case prefixSpace
    /// Spaces become markers.
    case marker([UInt8], PrependScheme, splits: Bool)
  }

  let steps: [Step]
  let kinds: ScalarKinds

  init(_ steps: [Step], classes: ClassList) {
    self.steps = steps
    kinds = ScalarKinds(classes.classes)
  }

  /// A text and the pieces it has been cut into so far.
  struct Pieces {
    var bytes: [UInt8]
    var ranges: [Range<Int>]
  }

  /// - Parameter startsText: Whether `bytes` stand at the very beginning of what the user gave.
  func pieces(
    of bytes: [UInt8], startsText: Bool, _ table: inout KindTable
  ) throws(TokenizerError) -> Pieces {
    var pieces = Pieces(bytes: bytes, ranges: [0..<bytes.count])
    var kinds: [UInt8]?
    for step in steps {
      switch step {
      case .split(let pattern, let behavior, let isInverted):
        let current: [UInt8]
        if let kinds { current = kinds } else { current = try table.kinds(of: pieces.bytes) }
        kinds = current
        try pieces.split(pattern, behavior, isInverted, kinds: current, sets: table.sets)
      case .prefixSpace:
        if pieces.prefix([0x20], when: { $1 != 0x20 }) { kinds = nil }
      case .marker(let marker, let scheme, let splits):
        pieces.mark(marker, scheme, splits: splits, startsText: startsText)
        kinds = nil
      }
    }
    return pieces
  }
}

extension PreTokenizer.Pieces {
  fileprivate mutating func split(
    _ pattern: Pattern, _ behavior: PreTokenizer.Behavior, _ isInverted: Bool,
    kinds: [UInt8], sets: [UInt64]
  ) throws(TokenizerError) {
    var matcher = PatternMatcher(pattern, bytes: bytes, kinds: kinds, sets: sets)
    var result: [Range<Int>] = []
    result.reserveCapacity(max(ranges.count, bytes.count / 4))
    var found: [(range: Range<Int>, isMatch: Bool)] = []
    for range in ranges {
      found.removeAll(keepingCapacity: true)
      try matcher.split(range, into: &found)
      if isInverted { for index in found.indices { found[index].isMatch.toggle() } }
      arrange(found, behavior, &result)
    }
    ranges = result
  }

  private func arrange(
    _ found: [(range: Range<Int>, isMatch: Bool)], _ behavior: PreTokenizer.Behavior,
    _ result: inout [Range<Int>]
  ) {
    let first = result.count
    var previousMatched = false
    for (number, part) in found.enumerated() {
      let joins: Bool
      switch behavior {
      case .isolated: joins = false
      case .removed:
        if !part.isMatch { result.append(part.range) }
        continue
      case .mergedWithPrevious: joins = part.isMatch && !previousMatched
      case .mergedWithNext: joins = number > 0 && !part.isMatch && found[number - 1].isMatch
      case .contiguous: joins = part.isMatch == previousMatched
      }
      previousMatched = part.isMatch
      if joins, result.count > first {
        let start = result.removeLast().lowerBound
        result.append(start..<part.range.upperBound)
      } else {
        result.append(part.range)
      }
    }
  }

  /// Puts `prefix` before the pieces for whose number and first byte `condition` holds.
  ///
  /// - Returns: Whether anything changed.
  fileprivate mutating func prefix(
    _ prefix: [UInt8], when condition: (_ piece: Int, _ first: UInt8) -> Bool
  ) -> Bool {
    var result: [UInt8] = []
    var newRanges: [Range<Int>] = []
    for (number, range) in ranges.enumerated() where !range.isEmpty {
      let start = result.count
      if condition(number, bytes[range.lowerBound]) { result.append(contentsOf: prefix) }
      result.append(contentsOf: bytes[range])
      newRanges.append(start..<result.count)
    }
    let changed = result != bytes
    bytes = result
    ranges = newRanges
    return changed
  }

  fileprivate mutating func mark(
    _ marker: [UInt8], _ scheme: PreTokenizer.PrependScheme, splits: Bool, startsText: Bool
  ) {
    var marked = PreTokenizer.Pieces(bytes: [], ranges: [])
    for (number, range) in ranges.enumerated() where !range.isEmpty {
      var piece = replacing(Array(bytes[range]), [0x20], marker)
      let prepends = scheme == .always || (scheme == .first && startsText && number == 0)
      if prepends, !piece.starts(with: marker) { piece = marker + piece }
      marked.append(piece, splitAt: splits ? marker : nil)
    }
    self = marked
  }

  /// Appends a piece, cut before each marker.
  private mutating func append(_ piece: [UInt8], splitAt marker: [UInt8]?) {
    let base = bytes.count
    bytes.append(contentsOf: piece)
    var start = 0
    if let marker, let first = marker.first {
      for index in piece.indices.dropFirst()
      where piece[index] == first && piece[index...].starts(with: marker) {
        ranges.append(base + start..<base + index)
        start = index
      }
    }
    ranges.append(base + start..<base + piece.count)
  }
}
