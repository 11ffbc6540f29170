// Divides a server's time among the requests in flight, so that input and output tokens can be priced apart.

/// The seconds of the server's time that a request is charged with.
public struct TimeShare: Sendable, Equatable {
  /// Until its first token.
  public internal(set) var prefill = 0.0
  /// After it.
  public internal(set) var decode = 0.0

  /// At each moment the time is divided equally among the requests in flight (processor sharing); what a request
  /// gets before its first token is prefill, the rest decode. All shares together are the time in which anything was
  /// in flight: so the cost of the measured mix is exact, and its division between input and output this rule's.
  ///
  /// - Parameter requests: All that were in flight, failures, warm-up and cool-down included.
  /// - Returns: A share each, in the same order.
  /// - Complexity: O(n² in flight together) at worst, O(n log n) for a bounded number in flight.
  public static func divide(_ requests: [ServedRequest]) -> [TimeShare] {
    var shares = [TimeShare](repeating: TimeShare(), count: requests.count)
    var moments: [(time: Double, index: Int, change: Change)] = []
    for (index, request) in requests.enumerated() {
      moments.append((request.sentAt, index, .enters))
      if let first = request.firstToken {
        moments.append((request.sentAt + first, index, .answers))
      }
      moments.append((request.sentAt + request.end, index, .leaves))
    }
    // A request enters before it answers before it leaves, also at the same moment.
    moments.sort { ($0.time, $0.change.rawValue) < ($1.time, $1.change.rawValue) }
    var inFlight: [Int: Bool] = [:]
    var last = moments.first?.time ?? 0
    for moment in moments {
      let part = (moment.time - last) / Double(max(1, inFlight.count))
      if part > 0 {
        for (index, hasAnswered) in inFlight {
          if hasAnswered { shares[index].decode += part } else { shares[index].prefill += part }
        }
      }
      last = moment.time
      switch moment.change {
      case .enters: inFlight[moment.index] = false
      case .answers: if inFlight[moment.index] != nil { inFlight[moment.index] = true }
      case .leaves: inFlight[moment.index] = nil
      }
    }
    return shares
  }

  private enum Change: Int { case enters, answers, leaves }
}
