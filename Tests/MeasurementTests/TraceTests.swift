// Recordings of other meters: the three forms, what is refused, and a file read as a meter.

import Foundation
import Measurement
import Synchronization
import Testing

private func trace(_ text: String) throws -> MeterTrace { try MeterTrace(csv: text, file: "m.csv") }

@Suite struct TraceTests {
  @Test("watts are integrated, joules and kilowatt-hours are differences")
  func forms() throws {
    let watts = try trace("time,watts\n100,50\n110,150\r\n120,150\n")
    #expect(abs(try watts.joules(from: 100, to: 110) - 1000) < 1e-9)
    #expect(abs(try watts.joules(from: 115, to: 120) - 750) < 1e-9)
    let joules = try trace("\u{FEFF}Time,Joules\n100,5\n\n110,1005\n")
    #expect(abs(try joules.joules(from: 100, to: 105) - 500) < 1e-9)
    let kwh = try trace(
      "time,kwh\n2026-11-21T05:00:00Z,1.000\n2026-11-21T05:00:30.500Z,1.001\n")
    let start = try #require(kwh.points.first).time
    #expect(abs(try kwh.joules(from: start, to: start + 30.5) - 3600) < 1e-6)
  }

  @Test("a gap over 60 s and a window beyond the recording have no energy")
  func gaps() throws {
    for kind in ["watts", "joules"] {
      let gap = try trace("time,\(kind)\n0,10\n61,20\n70,20\n")
      let error = #expect(throws: EnergyReason.self) { try gap.joules(from: 1, to: 65) }
      #expect(error?.fault == .gap)
      for (start, end) in [(-5.0, 10.0), (65, 80)] {
        let outside = #expect(throws: EnergyReason.self) { try gap.joules(from: start, to: end) }
        #expect(outside?.fault == .noSamplesInWindow)
      }
    }
  }

  @Test(
    "a malformed recording is an error that names line and rule",
    arguments: [
      ("", 1, TraceError.Rule.header), ("watts,time\n", 1, .header), ("time,volts\n", 1, .header),
      ("time,watts\n1,2\n", 0, .empty), ("time,watts\n1,2\n2,3,4\n", 3, .columns(3)),
      ("time,watts\nyesterday,2\n", 2, .time), ("time,watts\n-5,2\n", 2, .time),
      ("time,watts\n1,nan\n", 2, .value), ("time,watts\n1,-2\n", 2, .value),
      ("time,watts\n1,2\n1,2\n", 3, .order), ("time,joules\n1,5\n2,4\n", 3, .falling),
    ])
  func malformed(text: String, line: Int, rule: TraceError.Rule) {
    let error = #expect(throws: TraceError.self) { try trace(text) }
    #expect(error?.line == line && error?.rule == rule)
    #expect(error?.description.hasPrefix("m.csv") == true)
  }

  private func meter(_ text: String) throws -> (TraceMeter, WallTime, FakeTree) {
    let fake = try FakeTree(["/m.csv": text])
    let time = WallTime()
    let path = fake.root.appending(path: "m.csv").path
    let meter = try TraceMeter(path: path, patience: 0) { time.value.withLock { $0 } }
    return (meter, time, fake)
  }

  private func sample(_ meter: TraceMeter, _ time: WallTime, from start: Double, _ seconds: Double)
    -> EnergySample
  {
    time.value.withLock { $0 = start }
    meter.begin()
    time.value.withLock { $0 = start + seconds }
    return meter.end(
      EnergyWindow(seconds: seconds, utilisation: .known(1), ownUtilisation: 1))
  }

  @Test("a window shorter than two of the recording's intervals has no energy")
  func resolution() throws {
    let (meter, time, fake) = try meter(
      "time,watts\n" + (0...4).map { "\($0 * 50),100\n" }.joined())
    defer { withExtendedLifetime(fake) {} }
    #expect(meter.shortestWindow == 100)
    for seconds in [0.02, 10, 99] {
      let short = sample(meter, time, from: 20, seconds)
      #expect(short.invalidReasons.map(\.fault) == [.windowTooShort])
    }
    #expect(abs((sample(meter, time, from: 20, 110).joules.value ?? 0) - 11_000) < 1e-6)
  }

  @Test("a recording too slow for a window is not waited for, and says how long one must be")
  func slow() throws {
    let fake = try FakeTree(["/m.csv": "time,watts\n" + (0...20).map { "\($0 * 5),100\n" }.joined()]
    )
    defer { withExtendedLifetime(fake) {} }
    let time = WallTime()
    // Patience as it is chosen by itself: two of the recording's intervals.
    let meter = try TraceMeter(path: fake.root.appending(path: "m.csv").path) {
      time.value.withLock { $0 }
    }
    let short = sample(meter, time, from: 98, 3)
    #expect(short.invalidReasons.map(\.fault) == [.windowTooShort])
    #expect(
      short.joules.reason
        == "the recording has a reading every 5 s and resolves 10 s or more, not 3 s: ask for more tokens"
    )
  }

  @Test("a recording that ends before the window or begins after it is told by how much")
  func beside() throws {
    let (meter, time, fake) = try meter("time,watts\n" + (100...140).map { "\($0),100\n" }.joined())
    defer { withExtendedLifetime(fake) {} }
    let late = sample(meter, time, from: 150, 10)
    #expect(late.invalidReasons.map(\.fault) == [.noSamplesInWindow])
    #expect(late.joules.reason?.contains("last reading is 20 s older") == true)
    let early = sample(meter, time, from: 40, 10)
    #expect(early.joules.reason?.contains("begins 60 s after") == true)
  }

  @Test("half a last line of a recording that is still written is no reading")
  func halfLine() throws {
    let text = "time,watts\n" + (0...20).map { "\($0),100\n" }.joined()
    for half in ["21", "21,", "21,1", "21,1e"] {
      let (meter, time, fake) = try meter(text + half)
      defer { withExtendedLifetime(fake) {} }
      #expect(abs((sample(meter, time, from: 10, 10).joules.value ?? 0) - 1000) < 1e-6)
      #expect(
        sample(meter, time, from: 11, 10).invalidReasons.map(\.fault) == [.noSamplesInWindow])
    }
  }

  @Test("a power that no machine draws is not energy, and one beyond numbers no reading")
  func implausible() throws {
    for watts in ["1e300", "1e9", "1e-9"] {
      let (meter, time, fake) = try meter(
        "time,watts\n" + (0...20).map { "\($0),\(watts)\n" }.joined())
      defer { withExtendedLifetime(fake) {} }
      #expect(
        sample(meter, time, from: 5, 10).invalidReasons.map(\.fault) == [.implausiblePower])
    }
    let error = #expect(throws: TraceError.self) { try trace("time,kwh\n1,1\n2,1e303\n") }
    #expect(error?.line == 3 && error?.rule == .value)
  }

  @Test("a wall clock that parts from the window by a share of it spoils the window")
  func clocks() throws {
    let (meter, time, fake) = try meter("time,watts\n" + (0...40).map { "\($0),100\n" }.joined())
    defer { withExtendedLifetime(fake) {} }
    time.value.withLock { $0 = 5 }
    meter.begin()
    time.value.withLock { $0 = 9.9 }
    let window = EnergyWindow(seconds: 4, utilisation: .known(1), ownUtilisation: 1)
    #expect(meter.end(window).invalidReasons.map(\.fault) == [.gap])
  }

  @Test("a counter that stands still in the window has no energy, and its step widens the range")
  func steps() throws {
    // A plug that counts 0.001 kWh, read every second, at 100 W: a step every 36 s.
    let text = (0...400).map { "\($0),\(Double($0 / 36) * 0.001)\n" }.joined()
    let (meter, time, fake) = try meter("time,kwh\n" + text)
    defer { withExtendedLifetime(fake) {} }
    let inside = sample(meter, time, from: 73, 10)
    #expect(inside.invalidReasons.map(\.fault) == [.garbage])
    let across = sample(meter, time, from: 60, 90)
    let joules = try #require(across.joules.value)
    let (low, high) = (try #require(across.low), try #require(across.high))
    #expect(abs(low - max(0, 0.98 * joules - 3600)) < 1e-6)
    #expect(low <= 9000 && 9000 <= high)
  }

  @Test("a fine counter is not widened by its rises, only by its step")
  func fineCounter() throws {
    let fine = try trace("time,joules\n" + (0...50).map { "\($0),\($0 * 100 + $0 % 3)\n" }.joined())
    #expect(fine.smallestStep > 0 && fine.smallestStep < 5)
    #expect(try trace("time,watts\n0,5\n1,7\n").smallestStep == 0)
  }

  @Test("every window of a long recording has its joules, which without halving would never end")
  func long() throws {
    let points = (0..<200_000).map { PowerSeries.Point(time: Double($0), watts: 50) }
    let series = PowerSeries(points)
    var sum = 0.0
    for start in stride(from: 0.0, to: 199_990, by: 10) {
      sum += try series.joules(from: start + 0.5, to: start + 9.5)
    }
    #expect(abs(sum / (19_999 * 450) - 1) < 1e-9)
  }

  @Test("a growing file is a meter; a wall clock that is set during the window spoils it")
  func meter() throws {
    let fake = try FakeTree(["/m.csv": "time,watts\n0,100\n1000,100\n"])
    let path = fake.root.appending(path: "m.csv").path
    #expect(throws: TraceError.self) { try TraceMeter(path: path + "x") }
    try fake.write("/m.csv", "time,watts\n" + (0...20).map { "\($0),100\n" }.joined())
    let reader = WallTime()
    let meter = try TraceMeter(path: path, patience: 0.3) { reader.value.withLock { $0 } }
    reader.value.withLock { $0 = 5 }
    meter.begin()
    reader.value.withLock { $0 = 9 }
    let window = EnergyWindow(seconds: 4, utilisation: .known(1), ownUtilisation: 1)
    #expect(abs((meter.end(window).joules.value ?? 0) - 400) < 1e-9)
    reader.value.withLock { $0 = 900 }
    #expect(meter.end(window).invalidReasons.map(\.fault) == [.gap])
    reader.value.withLock { $0 = 18 }
    meter.begin()
    reader.value.withLock { $0 = 22 }
    #expect(meter.end(window).invalidReasons.map(\.fault) == [.noSamplesInWindow])
  }
}

private final class WallTime: Sendable {
  let value = Mutex(0.0)
}
