// Estimators against hand arithmetic, the recognition of processors, and the user's own watts.

import Measurement
import Testing

/// Ranges, curve and memory as in the project's power table.
private func facts(
  part: PowerPart? = nil, family: (name: String, idle: Double, full: Double)? = nil,
  siblings: [PowerPart] = [], threads: Int = 2, memoryGB: Double? = 24
) -> PowerFacts {
  PowerFacts(
    part: part, family: family, siblings: siblings, threads: threads, memoryGB: memoryGB,
    dramWattsPerGB: WattsRange(low: 0.08, best: 0.375, high: 0.4),
    teadsCurve: [(0, 0.12), (0.1, 0.32), (0.5, 0.75), (1, 1.02)], unknownWattsPerThread: 4,
    ranges: [
      .specpower: (0.8, 1.25), .familyWatts: (0.65, 1.5), .generationSpecpower: (0.65, 1.5),
      .teads: (0.6, 1.6), .tdpUtilisation: (0.5, 1.7), .unknownCPU: (0.3, 2.5),
    ])
}

private func near(_ a: WattsRange, _ low: Double, _ best: Double, _ high: Double) -> Bool {
  zip([a.low, a.best, a.high], [low, best, high]).allSatisfy { abs($0 - $1) < 1e-9 }
}

@Suite struct EstimateTests {
  let epyc = PowerPart(name: "AMD EPYC 9654", threads: 192, tdpWatts: 360, specpower: (63, 356))

  @Test("the exact processor's SPECpower comes first, by share of threads, memory inside")
  func specpower() throws {
    let model = try #require(PowerModel.best(for: facts(part: epyc, threads: 96)))
    #expect(model.method == .specpower && model.basis == "AMD EPYC 9654, 96 of 192 threads")
    #expect(near(model.watts(utilisation: 0), 25.2, 31.5, 39.375))
    #expect(near(model.watts(utilisation: 0.5), 83.8, 104.75, 130.9375))
  }

  /// 2 vCPU of Cascade Lake: 1.38 … 8.126 W, and 24 GB.
  @Test("family watts come next, with memory by GB")
  func family() throws {
    let model = try #require(
      PowerModel.best(for: facts(family: ("Cascade Lake", 0.69, 4.063))))
    #expect(model.method == .familyWatts)
    #expect(near(model.watts(utilisation: 1), 8.126 * 0.65 + 1.92, 17.126, 12.189 + 9.6))
    #expect(near(model.watts(utilisation: 0), 1.38 * 0.65 + 1.92, 10.38, 2.07 + 9.6))
  }

  @Test("a hidden part is estimated from its generation, thriftiest to hungriest")
  func generation() throws {
    let siblings = [
      PowerPart(name: "AMD EPYC 9755", threads: 256, tdpWatts: 500, specpower: (70.7, 457.2)),
      PowerPart(name: "AMD EPYC 9965", threads: 384, tdpWatts: 500, specpower: (76, 427)),
    ]
    let model = try #require(PowerModel.best(for: facts(siblings: siblings)))
    #expect(model.method == .generationSpecpower)
    let full = model.watts(utilisation: 1)
    #expect(abs(full.low - 2 * 427 / 384 * 0.65) < 1e-9)
    #expect(abs(full.high - 2 * 457.2 / 256 * 1.5) < 1e-9)
    #expect(full.low < full.best && full.best < full.high)
  }

  @Test("Teads' curve is followed between its points")
  func teads() throws {
    let part = PowerPart(name: "X", threads: 48, tdpWatts: 210, specpower: nil)
    let model = try #require(PowerModel.best(for: facts(part: part, memoryGB: nil)))
    #expect(model.method == .teads)
    #expect(abs(model.watts(utilisation: 1).best - 210 * 2 / 48 * 1.02) < 1e-9)
    #expect(abs(model.watts(utilisation: 0.3).best - 210 * 2 / 48 * 0.535) < 1e-9)
    #expect(abs(model.watts(utilisation: 7).best - 210 * 2 / 48 * 1.02) < 1e-9)
  }

  @Test("design power alone, then nothing at all, still give an answer that says so")
  func last() throws {
    let part = PowerPart(name: "X", threads: nil, tdpWatts: 65, specpower: nil)
    #expect(PowerModel.best(for: facts(part: part))?.method == .tdpUtilisation)
    let unknown = try #require(PowerModel.best(for: facts(memoryGB: nil)))
    #expect(unknown.method == .unknownCPU)
    #expect(near(unknown.watts(utilisation: 0.2), 2.4, 8, 20))
  }

  @Test("a whole machine of two sockets is not more than its sockets")
  func sockets() throws {
    var two = facts(part: epyc, threads: 384)
    two.sockets = 2
    let model = try #require(PowerModel.best(for: two))
    #expect(abs(model.watts(utilisation: 1).best - 712) < 1e-9)
  }

  @Test("an estimate is watts at the process's own utilisation times seconds, and marked")
  func meter() throws {
    let model = try #require(PowerModel.best(for: facts(part: epyc, threads: 192)))
    let meter = EstimatedMeter(model: model)
    meter.begin()
    let sample = meter.end(
      EnergyWindow(seconds: 2, utilisation: .known(0.5), ownUtilisation: 0.1))
    #expect(sample.provenance == .estimated && sample.source == "estimate-specpower")
    #expect(abs((sample.joules.value ?? 0) - 2 * (63 + 0.1 * 293)) < 1e-9)
    let short = meter.end(
      EnergyWindow(seconds: 0.1, utilisation: .known(0), ownUtilisation: 1))
    #expect(abs((short.joules.value ?? 0) - 35.6) < 1e-9)
    // Whatever a neighbour does, and however long the window is, equal own use is equal power.
    let watts = [(0.4, 0.3), (0.6, 0.3), (0.6, 0.9), (60, 1)].map { seconds, all in
      let window = EnergyWindow(seconds: seconds, utilisation: .known(all), ownUtilisation: 0.3)
      return (meter.end(window).joules.value ?? 0) / seconds
    }
    for one in watts { #expect(abs(one - (63 + 0.3 * 293)) < 1e-9) }
    let none = meter.end(EnergyWindow(seconds: 0, utilisation: .known(0), ownUtilisation: 1))
    #expect(none.joules.value == nil && none.invalidReasons.map(\.fault) == [.windowTooShort])
  }

  @Test(
    "a generation is recognised by family, model and stepping; unknown is an answer",
    arguments: [
      ("GenuineIntel", "Intel Xeon Processor", 6, 85, 7, "Cascade Lake"),
      ("GenuineIntel", "x", 6, 85, 4, "Skylake"),
      ("AuthenticAMD", "AMD EPYC", 26, 2, 1, "EPYC 5th Gen"),
      ("AuthenticAMD", "AMD EPYC 7763", 25, 1, 1, "EPYC 3rd Gen"),
      ("AuthenticAMD", "AMD Ryzen 9 9950X", 26, 68, 0, nil), ("Other", "x", 6, 85, 7, nil),
    ] as [(String, String, Int, Int, Int, String?)])
  func generations(
    vendor: String, name: String, family: Int, model: Int, stepping: Int, expected: String?
  ) {
    let generation = ProcessorGeneration(
      vendor: vendor, name: name, family: family, model: model, stepping: stepping)
    #expect(generation?.name == expected)
  }

  @Test("parts belong to a generation by their number's last digit")
  func parts() throws {
    let turin = try #require(
      ProcessorGeneration(
        vendor: "AuthenticAMD", name: "AMD EPYC", family: 26, model: 2, stepping: 1))
    #expect(turin.includes(part: "AMD EPYC 9755"))
    #expect(!turin.includes(part: "AMD EPYC 9654") && !turin.includes(part: "AMD EPYC 9R14"))
    #expect(!turin.includes(part: "AMD EPYC") && !turin.includes(part: "Intel Xeon 6745"))
  }

  @Test("--watts takes one figure or three that rise")
  func given() throws {
    #expect(try WattsRange(flag: "65") == WattsRange(low: 65, best: 65, high: 65))
    #expect(try WattsRange(flag: "10,12.5,20") == WattsRange(low: 10, best: 12.5, high: 20))
    for text in ["", "1,2", "3,2,1", "0", "-5", "nan", "inf", "1,2,3,4", "1e9", "5 W"] {
      #expect(throws: WattsError(text: text)) { try WattsRange(flag: text) }
    }
    let sample = GivenWattsMeter(WattsRange(low: 1, best: 2, high: 3)).end(
      EnergyWindow(seconds: 2, utilisation: .unknown(reason: "x"), ownUtilisation: 0))
    #expect(sample.provenance == .given && sample.joules == .known(4) && sample.high == 6)
  }

  @Test("what the power supply loses is added to the methods that see only what is behind it")
  func powerSupply() throws {
    var facts = PowerFacts(
      part: nil, family: nil, threads: 2, memoryGB: 10,
      dramWattsPerGB: WattsRange(low: 0.1, best: 0.1, high: 0.1), teadsCurve: [],
      unknownWattsPerThread: 4, ranges: [.unknownCPU: (0.5, 2)])
    facts.psu = WattsRange(low: 1, best: 1.1, high: 1.25)
    let watts = try #require(PowerModel.best(for: facts)).watts(utilisation: 1)
    #expect(abs(watts.low - 5) < 1e-9 && abs(watts.best - 9.9) < 1e-9)
    #expect(abs(watts.high - 21.25) < 1e-9)
  }
}
