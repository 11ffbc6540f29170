// Finds the matches of a pattern in a piece of text, from left to right.

/// A text with the kinds of its scalars, and one pattern to find in it.
///
/// Matching is by backtracking, as in the engine whose results are the reference. Two things keep hostile
/// text linear: a branch that begins with an unbounded run and failed is not tried again within that
/// run, and the steps are counted against the length of the text.
struct PatternMatcher {
  private let program: [Pattern.Instruction]
  private let branches: [Pattern.Branch]
  private let bytes: [UInt8]
  private let kinds: [UInt8]
  private let sets: [UInt64]
  private var end = 0
  private var budget: Int
  /// Per branch: it fails at every position before this one.
  private var failsBefore: [Int]

  init(_ pattern: Pattern, bytes: [UInt8], kinds: [UInt8], sets: [UInt64]) {
    program = pattern.program
    branches = pattern.branches
    self.bytes = bytes
    self.kinds = kinds
    self.sets = sets
    budget = 65536 + 256 &* bytes.count
    failsBefore = [Int](repeating: 0, count: branches.count)
  }

  /// Appends to `found` the matches in `range` and the gaps between them, in order.
  mutating func split(
    _ range: Range<Int>, into found: inout [(range: Range<Int>, isMatch: Bool)]
  ) throws(TokenizerError) {
    end = range.upperBound
    for index in failsBefore.indices { failsBefore[index] = 0 }
    var gap = range.lowerBound
    var position = gap
    while position < end {
      guard let stop = match(at: position) else {
        guard budget > 0 else { throw .patternTooCostly(offset: position) }
        position += utf8Length(lead: bytes[position])
        continue
      }
      if gap < position { found.append((gap..<position, false)) }
      found.append((position..<stop, true))
      position = stop
      gap = stop
    }
    if gap < end { found.append((gap..<end, false)) }
  }

  private mutating func match(at position: Int) -> Int? {
    let set = sets[Int(kinds[position])]
    for index in branches.indices {
      let branch = branches[index]
      guard set & branch.first != 0, position >= failsBefore[index] else { continue }
      let stop = run(branch.start, position)
      if stop >= 0 { return stop }
      if branch.startsWithUnboundedRun, case .run(let set, _, _, _) = program[branch.start] {
        failsBefore[index] = max(position + 1, runEnd(set, from: position))
      }
    }
    return nil
  }

  private func runEnd(_ set: UInt64, from position: Int) -> Int {
    var position = position
    while position < end, sets[Int(kinds[position])] & set != 0 { position += 1 }
    return position
  }

  /// Where the program from `start` ends when it begins at `place`, or -1.
  private mutating func run(_ start: Int, _ place: Int) -> Int {
    var counter = start
    var position = place
    while budget > 0 {
      switch program[counter] {
      case .accept:
        return position
      case .jump(let target):
        counter = target
        continue
      case .lineEnd:
        guard position == end || bytes[position] == 0x0A else { return -1 }
      case .fork(let otherwise):
        let stop = run(counter + 1, position)
        if stop >= 0 { return stop }
        counter = otherwise
        continue
      case .lookahead(let isNegative, let exit):
        guard (run(counter + 1, position) >= 0) != isNegative else { return -1 }
        counter = exit
        continue
      case .run(let set, 1, 1, _):
        guard position < end, sets[Int(kinds[position])] & set != 0 else { return -1 }
        position += utf8Length(lead: bytes[position])
      case .run(let set, let minimum, let maximum, let possessive):
        let (floor, stop) = take(set, minimum, maximum, from: position)
        guard floor >= 0 else { return -1 }
        if possessive || floor == stop {
          position = stop
        } else {
          return giveBack(from: stop, to: floor, then: counter + 1)
        }
      }
      counter += 1
    }
    return -1
  }

  /// Where a run of `set` ends at the least (-1 if nowhere) and at the most.
  private mutating func take(
    _ set: UInt64, _ minimum: Int, _ maximum: Int, from start: Int
  ) -> (Int, Int) {
    var position = start
    var floor = minimum == 0 ? start : -1
    var count = 0
    while count < maximum, position < end, sets[Int(kinds[position])] & set != 0 {
      position += utf8Length(lead: bytes[position])
      count += 1
      if count == minimum { floor = position }
    }
    budget &-= count
    return (floor, position)
  }

  /// Continues after the longest run; as long as that fails, after one scalar less.
  private mutating func giveBack(from stop: Int, to floor: Int, then next: Int) -> Int {
    var position = stop
    while true {
      let result = run(next, position)
      if result >= 0 || position == floor || budget <= 0 { return result }
      budget -= 1
      position -= 1
      while bytes[position] & 0xC0 == 0x80 { position -= 1 }
    }
  }
}
