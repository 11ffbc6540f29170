// Meters that read watts: integration, gaps and faults, with recorded forms of every source.

import Foundation
import Measurement
import Synchronization
import Testing

private func window(_ seconds: Double) -> EnergyWindow {
  EnergyWindow(seconds: seconds, utilisation: .known(1), ownUtilisation: 1)
}

/// Answers from a list, the last for ever.
private final class ScriptedReader: PowerReader {
  private let script: Mutex<[Result<Double, EnergyReason>]>

  init(_ script: [Result<Double, EnergyReason>]) { self.script = Mutex(script) }

  func watts() throws(EnergyReason) -> Double {
    try script.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }.get()
  }
}

private let traits = MeterTraits(
  name: "test", covers: "all", low: 0.98, high: 1.02, shortestWindow: 3)

private func meter(_ script: [Result<Double, EnergyReason>], _ clock: HandClock) throws
  -> PowerMeter
{
  // The timer never fires within a test; polls are made by hand.
  try PowerMeter(traits: traits, reader: ScriptedReader(script), clock: clock, interval: 30)
}

@Suite struct PowerMeterTests {
  let lost = EnergyReason(.meterDisappeared, "gone")

  @Test("the trapezoid is exact for a ramp, and ends are interpolated")
  func trapezoid() throws {
    let ramp = PowerSeries((0...10).map { .init(time: Double($0), watts: 10 * Double($0)) })
    #expect(abs(try ramp.joules(from: 0, to: 10) - 500) < 1e-9)
    #expect(abs(try ramp.joules(from: 2.5, to: 2.75) - 6.5625) < 1e-9)
    #expect(throws: EnergyReason.self) { try ramp.joules(from: -1, to: 5) }
    #expect(throws: EnergyReason.self) { try ramp.joules(from: 5, to: 11) }
  }

  @Test("readings around and in a window give its energy")
  func integrates() throws {
    let clock = HandClock()
    let meter = try meter([.success(100), .success(100), .success(200), .success(100)], clock)
    meter.begin()
    clock.advance(5)
    meter.poll()
    clock.advance(5)
    let sample = meter.end(window(10))
    #expect(abs((sample.joules.value ?? 0) - 1500) < 1e-9)
    #expect(sample.provenance == .measured && abs((sample.high ?? 0) - 1530) < 1e-9)
  }

  @Test("one lost reading is bridged, a long gap and a lost end are not")
  func faults() throws {
    let clock = HandClock()
    let bridged = try meter([.success(50), .success(50), .failure(lost), .success(50)], clock)
    bridged.begin()
    clock.advance(5)
    bridged.poll()
    clock.advance(5)
    #expect(abs((bridged.end(window(10)).joules.value ?? 0) - 500) < 1e-9)
    let gap = try meter([.success(50)], clock)
    gap.begin()
    clock.advance(61)
    #expect(gap.end(window(61)).invalidReasons.map(\.fault) == [.gap])
    let ended = try meter([.success(50), .success(50), .failure(lost)], clock)
    ended.begin()
    clock.advance(5)
    #expect(ended.end(window(5)).invalidReasons == [lost])
  }

  @Test("too short a window, 0 W and nonsense are not energy")
  func implausible() throws {
    let clock = HandClock()
    let meter = try meter([.success(50)], clock)
    meter.begin()
    clock.advance(1)
    #expect(meter.end(window(1)).invalidReasons.map(\.fault) == [.windowTooShort])
    for watts in [0, -5, .nan, .infinity, 1e9] {
      let error = #expect(throws: EnergyReason.self) {
        try PowerMeter(traits: traits, reader: ScriptedReader([.success(watts)]), clock: clock)
      }
      #expect(error?.fault == .implausiblePower)
    }
  }

  @Test("Shelly's answers of both generations are read, and unmetered switches refused")
  func shelly() throws {
    let first =
      #"{"power":123.45,"overpower":0.00,"is_valid":true,"timestamp":1,"counters":[1.0],"total":9}"#
    let second =
      #"{"id":0,"source":"init","output":true,"apower":87.5,"voltage":230.1,"current":0.4,"aenergy":{"total":1.5}}"#
    #expect(try ShellyReader.watts(Data(first.utf8), .first) == 123.45)
    #expect(try ShellyReader.watts(Data(second.utf8), .second) == 87.5)
    let bad: [(String, ShellyReader.Generation, EnergyFault)] = [
      (#"{"power":1,"is_valid":false}"#, .first, .wrongState),
      (#"{"apower":0}"#, .second, .noMeter),
      (#"{"apower":"5"}"#, .second, .garbage), (#"{"apower":true}"#, .second, .garbage),
      ("<html>", .first, .garbage), (#"{"apower":1e999,"voltage":1}"#, .second, .garbage),
      (#"{"code":404}"#, .second, .garbage),
    ]
    for (body, generation, fault) in bad {
      let error = #expect(throws: EnergyReason.self) {
        try ShellyReader.watts(Data(body.utf8), generation)
      }
      #expect(error?.fault == fault, "\(body)")
    }
  }

  @Test("Redfish's PowerControl is read")
  func redfish() throws {
    let body =
      #"{"@odata.id":"/redfish/v1/Chassis/1/Power","PowerControl":[{"MemberId":"0","PowerConsumedWatts":344,"PowerCapacityWatts":800}]}"#
    #expect(try RedfishReader.watts(Data(body.utf8)) == 344)
    for bad in [#"{"PowerControl":[]}"#, #"{"PowerControl":[{"PowerConsumedWatts":null}]}"#, "{"] {
      #expect(throws: EnergyReason.self) { try RedfishReader.watts(Data(bad.utf8)) }
    }
    #expect(throws: EnergyReason.self) { try RedfishReader(url: "ftp://x/") }
  }

  @Test("ipmitool's table is read; a deactivated reading is a wrong state")
  func ipmi() throws {
    let table = """

          Instantaneous power reading:                   220 Watts
          Minimum during sampling period:                 43 Watts
          Maximum during sampling period:                375 Watts
          Average power reading over sample period:      218 Watts
          IPMI timestamp:                           Sat Nov 21 05:00:00 2026
          Sampling period:                          00000001 Seconds.
          Power reading state is:                   activated

      """
    #expect(try IPMIReader.watts(table) == 220)
    let off = #expect(throws: EnergyReason.self) {
      try IPMIReader.watts(table.replacing("activated", with: "deactivated"))
    }
    #expect(off?.fault == .wrongState)
    #expect(throws: EnergyReason.self) { try IPMIReader.watts("DCMI request failed") }
  }

  @Test("powermetrics' lists of Apple silicon and Intel are read")
  func powermetrics() throws {
    func plist(_ body: String) -> Data {
      Data(
        """
        <?xml version="1.0" encoding="UTF-8"?>
        <!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
        <plist version="1.0"><dict><key>processor</key><dict>\(body)</dict></dict></plist>
        """.utf8)
    }
    let apple = "<key>cpu_power</key><real>4200.5</real><key>combined_power</key><real>5000</real>"
    #expect(try PowerMetricsReader.watts(plist(apple)) == 5)
    #expect(try PowerMetricsReader.watts(Data([0]) + plist(apple)) == 5)
    #expect(
      try PowerMetricsReader.watts(plist("<key>package_watts</key><real>12.5</real>")) == 12.5)
    #expect(
      try PowerMetricsReader.watts(
        plist(
          "<key>cpu_power</key><integer>1500</integer><key>gpu_power</key><integer>500</integer>"))
        == 2)
    for bad in [plist(""), plist("<key>cpu_power</key><string>x</string>"), Data("nope".utf8)] {
      #expect(throws: EnergyReason.self) { try PowerMetricsReader.watts(bad) }
    }
  }

  @Test(
    "a command's number is watts; anything else, a failure and a hang are reasons",
    .timeLimit(.minutes(5)))
  func command() throws {
    #expect(try CommandReader(command: "echo 42.5").watts() == 42.5)
    #expect(try CommandReader(command: "echo '17 W'").watts() == 17)
    let bad: [(String, EnergyFault)] = [
      ("echo hello", .garbage), ("true", .garbage), ("exit 3", .garbage),
      ("echo 'permission denied' >&2; exit 1", .permissionDenied),
      ("no-such-command-of-ours", .noMeter), ("yes", .garbage), ("echo 0x10", .garbage),
    ]
    for (text, fault) in bad {
      let error = #expect(throws: EnergyReason.self) { try CommandReader(command: text).watts() }
      #expect(error?.fault == fault, "\(text)")
      #expect(error?.message.contains("-c ") == false)
    }
    let hung = #expect(throws: EnergyReason.self) {
      try CommandReader(command: "sleep 600 & sleep 600", timeout: 0.3).watts()
    }
    // Not after the 600 s that the command would take: the limit of this test is the assertion.
    #expect(hung?.fault == .gap)
  }
}
