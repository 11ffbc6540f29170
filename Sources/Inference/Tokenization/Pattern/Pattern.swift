// A pattern compiled to a few instructions over kinds of scalars.

struct Pattern: Sendable {
  /// One step of the program; the next instruction follows unless it says otherwise.
  enum Instruction: Sendable {
    case run(set: UInt64, minimum: Int, maximum: Int, possessive: Bool)
    /// Tries what follows; if that fails, what stands at `otherwise`.
    case fork(otherwise: Int)
    case jump(Int)
    /// Looks at what follows up to its `accept`, then goes on at `exit` without having moved.
    case lookahead(isNegative: Bool, exit: Int)
    case lineEnd
    case accept
  }

  /// An alternative of the whole pattern.
  struct Branch: Sendable {
    let start: Int
    /// Classes of which the first scalar must have one; all ones if nothing is known.
    let first: UInt64
    /// Whether it begins with an unbounded run, so that a failure also holds inside that run.
    let startsWithUnboundedRun: Bool
  }

  private(set) var program: [Instruction] = []
  private(set) var branches: [Branch] = []

  init(_ alternatives: [[PatternNode]]) {
    for nodes in alternatives {
      let start = program.count
      emit(nodes)
      program.append(.accept)
      branches.append(
        Branch(
          start: start, first: Self.first(of: nodes),
          startsWithUnboundedRun: Self.startsWithUnboundedRun(nodes)))
    }
  }

  private mutating func emit(_ nodes: [PatternNode]) {
    for node in nodes {
      switch node {
      case .run(let index, let minimum, let maximum, let possessive):
        program.append(
          .run(set: 1 << UInt64(index), minimum: minimum, maximum: maximum, possessive: possessive))
      case .group(let branches, let minimum, let maximum):
        emitGroup(branches, minimum, maximum)
      case .lookahead(let branches, let isNegative):
        let place = program.count
        program.append(.accept)
        emitAlternatives(branches)
        program.append(.accept)
        program[place] = .lookahead(isNegative: isNegative, exit: program.count)
      case .lineEnd:
        program.append(.lineEnd)
      }
    }
  }

  /// Copies for the least number of times; then a loop, or as many copies again, each of which may be left out.
  private mutating func emitGroup(_ branches: [[PatternNode]], _ minimum: Int, _ maximum: Int) {
    for _ in 0..<max(0, minimum - (maximum == .max ? 1 : 0)) { emitAlternatives(branches) }
    guard maximum == .max else {
      var forks: [Int] = []
      for _ in minimum..<maximum {
        forks.append(program.count)
        program.append(.jump(0))
        emitAlternatives(branches)
      }
      for fork in forks { program[fork] = .fork(otherwise: program.count) }
      return
    }
    let start = program.count
    if minimum == 0 { program.append(.jump(0)) }
    emitAlternatives(branches)
    if minimum == 0 {
      program.append(.jump(start))
      program[start] = .fork(otherwise: program.count)
    } else {
      program.append(.fork(otherwise: program.count + 2))
      program.append(.jump(start))
    }
  }

  private mutating func emitAlternatives(_ branches: [[PatternNode]]) {
    var exits: [Int] = []
    for (number, nodes) in branches.enumerated() {
      let isLast = number == branches.count - 1
      let fork = program.count
      if !isLast { program.append(.jump(0)) }
      emit(nodes)
      if !isLast {
        exits.append(program.count)
        program.append(.jump(0))
        program[fork] = .fork(otherwise: program.count)
      }
    }
    for exit in exits { program[exit] = .jump(program.count) }
  }

  private static func first(of nodes: [PatternNode]) -> UInt64 {
    var set: UInt64 = 0
    for node in nodes {
      switch node {
      case .run(let index, let minimum, _, _):
        set |= 1 << UInt64(index)
        if minimum > 0 { return set }
      case .group(let branches, let minimum, _):
        for branch in branches { set |= first(of: branch) }
        if minimum > 0, PatternNode.minimumLength(of: branches) > 0 { return set }
      case .lookahead, .lineEnd:
        break
      }
    }
    return .max
  }

  private static func startsWithUnboundedRun(_ nodes: [PatternNode]) -> Bool {
    guard case .run(_, let minimum, .max, _)? = nodes.first else { return false }
    return minimum <= 1
  }
}
