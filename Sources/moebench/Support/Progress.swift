// A line on standard error that says what is going on and how long it will take; drawn on a terminal only.

import Measurement
import Reports

struct Progress: Sendable {
  private let isDrawn: Bool

  init(quiet: Bool) { isDrawn = !quiet && Output.errorIsTerminal }

  func say(_ text: String) {
    if isDrawn { Output.error("\r\u{1B}[K\(text) …") }
  }

  func show(_ progress: RunProgress) {
    let left = progress.secondsLeft.map { ", about \(Number.duration($0)) left" } ?? ""
    switch progress.stage {
    case .warmUp(let run):
      say("\(progress.test.label): warming up, run \(run + 1)\(left)")
    case .repetition(let repetition, let count):
      say(
        "\(progress.test.label): repetition \(repetition + 1) of \(count) "
          + "(\(progress.done) of \(progress.planned) in all\(left))")
    }
  }

  func clear() { if isDrawn { Output.error("\r\u{1B}[K") } }
}
