// What can be measured, and a counter carried to the wall: the commands as a user runs them.

import Foundation
import StrictJSON
import TestSupport
import Testing

@Suite(.runsPrograms) struct DoctorTests {
  private func violations(_ text: String, _ schema: String) throws -> [String] {
    try SchemaValidator(named: schema).violations(of: JSONValue(parsing: text))
  }

  @Test("the doctor's document is valid, and its words fit 80 columns but for commands")
  func doctor() throws {
    let json = try Program.run("doctor", "-o", "json")
    #expect(json.status == 0, "\(json.error)")
    #expect(try violations(json.output, "doctor") == [])
    let text = try Program.run("doctor")
    let lines = text.output.split(separator: "\n").filter { !$0.hasPrefix("      ") }
    #expect(lines.count > 8)
    for line in lines { #expect(line.count <= 80, "\(line)") }
  }

  /// Wall watts are 20 + 1.5 x the counter's, both at four levels of load.
  @Test("two recordings are fitted, kept for this machine, and shown by the doctor")
  func calibrate() throws {
    let folder = try ScratchFolder()
    var counter = "time,watts\n"
    var wall = "time,watts\n"
    for second in 0...200 {
      let watts = 10 * Double(1 + second / 40 % 4)
      counter += "\(1000 + second),\(watts)\n"
      wall += "\(1000 + second),\(20 + 1.5 * watts)\n"
    }
    let arguments = [
      "calibrate", "--wall", try folder.file("wall.csv", wall), "--counter",
      try folder.file("counter.csv", counter), "--seconds", "10",
    ]
    let place = ["XDG_DATA_HOME": folder.url.path]
    let done = try Program.run(
      arguments[0], arguments: Array(arguments.dropFirst()) + ["-o", "json"], environment: place)
    #expect(done.status == 0, "\(done.error)")
    #expect(try violations(done.output, "calibration") == [])
    let fit = try JSONValue(parsing: done.output)["fit"]
    #expect(abs((fit?["slope"]?["value"]?.double ?? 0) - 1.5) < 1e-6)
    #expect(abs((fit?["baseline_watts"]?["value"]?.double ?? 0) - 20) < 1e-4)
    let doctor = try Program.run("doctor", arguments: ["-o", "json"], environment: place)
    let kept = try JSONValue(parsing: doctor.output)["calibrations"]?.array ?? []
    #expect(kept.count == 1)
    #expect(kept.first?["meter"]?.string == "rapl-powercap")
  }

  @Test(
    "a calibration of a meter that depends on its argument is refused in one line",
    arguments: ["command:echo 5", "csv:x.csv", "shelly:host", "ipmi", "none"])
  func meters(meter: String) throws {
    let folder = try ScratchFolder()
    let wall = try folder.file("w.csv", "time,watts\n1,5\n2,5\n")
    let done = try Program.run(
      "calibrate", arguments: ["--wall", wall, "--meter", meter],
      environment: ["XDG_DATA_HOME": folder.url.path])
    #expect(done.status == 64, "\(done.error)")
    #expect(done.output.isEmpty && done.error.split(separator: "\n").count == 1)
    #expect(done.error.contains("only rapl, perf, hwmon and battery can be calibrated"))
  }

  @Test("recordings that cannot carry a line are refused, and nothing is kept")
  func refusals() throws {
    let folder = try ScratchFolder()
    let flat = try folder.file(
      "flat.csv", "time,watts\n" + (0...100).map { "\($0),50\n" }.joined())
    let bad = try folder.file("bad.csv", "time,watts\n1,x\n")
    let later = try folder.file(
      "later.csv", "time,watts\n" + (500...600).map { "\($0),50\n" }.joined())
    let place = ["XDG_DATA_HOME": folder.url.path]
    for (wall, counter, status) in [
      (flat, flat, Int32(65)), (bad, flat, 65), ("/no/such.csv", flat, 66), (later, flat, 65),
    ] {
      let done = try Program.run(
        "calibrate", arguments: ["--wall", wall, "--counter", counter], environment: place)
      #expect(done.status == status, "\(done.error)")
      #expect(done.output.isEmpty && done.error.split(separator: "\n").count == 1)
    }
    #expect(!FileManager.default.fileExists(atPath: folder.url.path + "/moebench"))
  }

  @Test("a damaged calibration is named by the doctor and left as it is")
  func damaged() throws {
    let folder = try ScratchFolder()
    let place = ["XDG_DATA_HOME": folder.url.path]
    let counter = try folder.file(
      "c.csv", "time,watts\n" + (0...100).map { "\($0),\(5 + $0 / 25)\n" }.joined())
    let done = try Program.run(
      "calibrate", arguments: ["--wall", counter, "--counter", counter, "--seconds", "5"],
      environment: place)
    #expect(done.status == 0, "\(done.error)")
    let kept = folder.url.appending(path: "moebench/calibrations")
    let name = try #require(FileManager.default.contentsOfDirectory(atPath: kept.path).first)
    let newer = Data(#"{"schema": "moebench.calibration/9"}"#.utf8)
    try newer.write(to: kept.appending(path: name))
    let doctor = try Program.run("doctor", arguments: ["-o", "json"], environment: place)
    #expect(doctor.status == 0)
    let problem = try JSONValue(parsing: doctor.output)["problems"]?[0]?.string
    #expect(problem?.contains("moebench.calibration/9") == true)
    #expect(try Data(contentsOf: kept.appending(path: name)) == newer)
  }
}
