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
      case .group(let branches, let isOptional):
        emitGroup(branches, isOptional: isOptional)
      case .lookahead(let branches, let isNegative):
        let place = program.count
        program.append(.accept)
        emitGroup(branches, isOptional: false)
        program.append(.accept)
        program[place] = .lookahead(isNegative: isNegative, exit: program.count)
      case .lineEnd:
        program.append(.lineEnd)
      }
    }
  }

  private mutating func emitGroup(_ branches: [[PatternNode]], isOptional: Bool) {
    var exits: [Int] = []
    for (number, nodes) in branches.enumerated() {
      let isLast = number == branches.count - 1 && !isOptional
      let fork = program.count
      if !isLast { program.append(.jump(0)) }
      emit(nodes)
      exits.append(program.count)
      program.append(.jump(0))
      if !isLast { program[fork] = .fork(otherwise: program.count) }
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
      case .group(let branches, let isOptional):
        for branch in branches { set |= first(of: branch) }
        if !isOptional, PatternNode.minimumLength(of: branches) > 0 { return set }
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
