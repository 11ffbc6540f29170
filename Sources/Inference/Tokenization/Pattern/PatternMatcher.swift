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
  /// What can still be tried, the latest last: on the heap, as a text may have as many as it has characters.
  private var choices: [Choice] = []

  /// Where to go on, and the least and the present end of the run before it (the same for a fork).
  private struct Choice {
    let counter: Int
    var position: Int
    let floor: Int
  }

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
    let base = choices.count
    defer { choices.removeLast(choices.count - base) }
    var counter = start
    var position = place
    while budget > 0 {
      if step(&counter, &position) { return position }
      guard position < 0 else { continue }
      guard choices.count > base else { return -1 }
      budget -= 1
      (counter, position) = nextChoice()
    }
    return -1
  }

  /// One instruction: moves on, or sets `position` to -1 where it fails.
  ///
  /// - Returns: Whether the program has ended.
  @inline(__always)
  private mutating func step(_ counter: inout Int, _ position: inout Int) -> Bool {
    switch program[counter] {
    case .accept:
      return true
    case .jump(let target):
      counter = target
      return false
    case .lineEnd:
      if position != end, bytes[position] != 0x0A { position = -1 }
    case .fork(let otherwise):
      choices.append(Choice(counter: otherwise, position: position, floor: position))
    case .lookahead(let isNegative, let exit):
      if (run(counter + 1, position) >= 0) == isNegative { position = -1 }
      counter = exit
      return false
    case .run(let set, 1, 1, _):
      guard position < end, sets[Int(kinds[position])] & set != 0 else {
        position = -1
        return false
      }
      position += utf8Length(lead: bytes[position])
    case .run(let set, let minimum, let maximum, let possessive):
      let (floor, stop) = take(set, minimum, maximum, from: position)
      // What follows cannot fail where the program ends.
      if !possessive, floor >= 0, floor < stop, !isAccept(counter + 1) {
        choices.append(Choice(counter: counter + 1, position: stop, floor: floor))
      }
      position = floor < 0 ? -1 : stop
    }
    counter += 1
    return false
  }

  @inline(__always)
  private func isAccept(_ counter: Int) -> Bool {
    if case .accept = program[counter] { true } else { false }
  }

  /// The latest choice's next possibility: the other way of a fork, or a run that is one scalar shorter.
  private mutating func nextChoice() -> (Int, Int) {
    let last = choices.count - 1
    let choice = choices[last]
    guard choice.position > choice.floor else {
      choices.removeLast()
      return (choice.counter, choice.position)
    }
    var position = choice.position - 1
    while bytes[position] & 0xC0 == 0x80 { position -= 1 }
    if position == choice.floor { choices.removeLast() } else { choices[last].position = position }
    return (choice.counter, position)
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
}
