// Which test of one result answers which of another: the same work by as many threads.

import Measurement

/// The tests of two results in pairs, in the order of the baseline.
struct TestPairing {
  private(set) var pairs: [(baseline: StoredTest, candidate: StoredTest)] = []
  private(set) var baselineOnly: [StoredTest] = []
  private(set) var candidateOnly: [StoredTest] = []
  /// Whether a label without its threads may mean several tests.
  private let namesThreads: Bool

  /// Tests of other thread counts are a pair only where no other test of either side does the same work.
  init(_ baseline: [StoredTest], _ candidate: [StoredTest]) {
    namesThreads = Set((baseline + candidate).compactMap(\.threads)).count > 1
    var partner = [Int?](repeating: nil, count: baseline.count)
    var rest = Set(candidate.indices)
    for (place, test) in baseline.enumerated() {
      partner[place] = candidate.indices.first {
        rest.contains($0) && candidate[$0].isSameWork(as: test)
          && candidate[$0].threads == test.threads && candidate[$0].level == test.level
      }
      if let found = partner[place] { rest.remove(found) }
    }
    for (place, test) in baseline.enumerated() where partner[place] == nil {
      let same = candidate.indices.filter { candidate[$0].isSameWork(as: test) }
      guard same.count == 1, rest.contains(same[0]),
        baseline.count(where: { $0.isSameWork(as: test) }) == 1
      else { continue }
      partner[place] = same[0]
      rest.remove(same[0])
    }
    for (test, place) in zip(baseline, partner) {
      if let place { pairs.append((test, candidate[place])) } else { baselineOnly.append(test) }
    }
    candidateOnly = rest.sorted().map { candidate[$0] }
  }

  func label(_ test: StoredTest, _ other: StoredTest? = nil) -> String {
    let counts = [test.threads, (other ?? test).threads].compactMap { $0 }
    guard namesThreads, let first = counts.first, let last = counts.last else { return test.label }
    return "\(test.label) t\(first)" + (first == last ? "" : "/t\(last)")
  }
}

extension StoredTest {
  /// The same sizes.
  fileprivate func isSameWork(as other: StoredTest) -> Bool {
    phase == other.phase && promptTokens == other.promptTokens
      && generatedTokens == other.generatedTokens && depth == other.depth
      && knownBatch == other.knownBatch
  }
}
