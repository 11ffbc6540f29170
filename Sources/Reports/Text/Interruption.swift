// How every report says that not all was measured.

enum Interruption {
  /// `interrupted, 3 of 10 repetitions`.
  static func words(done: Int, planned: Int?, of unit: String = "repetitions") -> String {
    let whole = planned.map { " of \($0)" } ?? ""
    return "interrupted, \(done)\(whole) \(unit)"
  }
}
