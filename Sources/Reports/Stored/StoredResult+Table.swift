// The measurements of a stored result, for a person.

import Measurement

extension StoredResult {
  /// A row for each test: rate, interval, energy.
  public func measurements(_ style: Style = .plain) -> String {
    var table = TextTable([.left, .right, .left, .right, .left])
    let origin = tests.lazy.filter { $0.joulesPerToken != nil }.compactMap(\.energyProvenance).first
    table.add([
      "test", "tokens/s", Number.interval, "J/token",
      origin.map { "(\($0.safeForTerminal))" } ?? "",
    ])
    for test in tests {
      let interval = test.summary?.interval
      table.add([
        test.label.safeForTerminal, test.summary.map { Number.short($0.median) } ?? "-",
        interval.map { "\(Number.short($0.low)) … \(Number.short($0.high))" }
          ?? "n = \(test.summary?.count ?? 0)",
        test.joulesPerToken.map { Number.short($0.best) } ?? "-",
        test.joulesPerToken.map { "\(Number.short($0.low)) … \(Number.short($0.high))" } ?? "",
      ])
    }
    let notes = warnings.map { "Note (\($0.code)): \($0.message)" }.flatMap { wrapped($0) }
    return (heading(style) + table.headed(style) + notes).joined(separator: "\n") + "\n"
  }
}
