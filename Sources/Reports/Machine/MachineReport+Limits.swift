// The limits of a machine for a person: what was measured, on how many threads, and how sure it is.

import Analysis
import Measurement

extension MachineReport {
  var limitLines: [String] { limitTable + limitNotes }

  private var limitTable: [String] {
    var table = TextTable([.left, .right, .left])
    table.add(["limits measured here", "median", Number.interval])
    func add(_ name: String, _ unit: String, _ rate: Reading<Rate>) {
      let known = rate.value
      var interval = rate.reason ?? "-"
      if let low = known?.low, let high = known?.high {
        interval = "\(Number.short(low / 1e9)) … \(Number.short(high / 1e9))"
      }
      table.add([name, known.map { "\(Number.short($0.median / 1e9)) \(unit)" } ?? "-", interval])
    }
    for point in limits.bandwidth {
      add("read memory, \(Number.counted(point.size, "thread"))", "GB/s", point.rate)
    }
    add("  on small pages", "GB/s", limits.smallPageBandwidth)
    add("f32 multiply-adds, peak", "GFLOP/s", limits.floatPeak)
    add("int8 dot products, peak", "GOP/s", limits.integerPeak)
    for point in limits.floatRates {
      add("f32 product (BLAS), \(Number.counted(point.size, "row"))", "GFLOP/s", point.rate)
    }
    for point in limits.integerRates {
      add("int8 product, \(Number.counted(point.size, "row"))", "GOP/s", point.rate)
    }
    for curve in limits.products {
      for point in curve.streamed where point.size == 1 {
        add("\(curve.format) weights from memory, 1 row", "Gweights/s", point.rate)
      }
    }
    func tokens(_ rate: Reading<Rate>) -> String {
      rate.value.map { Number.short($0.median) } ?? "-"
    }
    for run in limits.references {
      table.add([
        "small mixture in \(run.format)", "\(tokens(run.decode)) tokens/s",
        "decode; \(tokens(run.prefill)) tokens/s prefill",
      ])
    }
    return table.lines().map { $0.shortened(to: 80) }
  }

  private var limitNotes: [String] {
    var lines = ["Products ran on \(Number.counted(limits.threads, "thread"))."]
    if let age = limitsAge {
      lines += wrapped(
        "Measured \(Number.age(age)) ago (\(limits.measuredAt)) and kept; --measure measures again."
      )
    }
    if let noise = limits.noise {
      lines += wrapped(
        "Noise floor: \(noise.repetitions) repetitions (\(noise.work)) differ by "
          + "\(Number.percent(noise.coefficientOfVariation)) (standard deviation over mean); two runs of "
          + "\(NoiseFloor.comparedRepetitions) repetitions can be told apart from "
          + "\(Number.percent(noise.smallestDifference)) on.")
    }
    if let reason = limits.disturbed {
      lines += wrapped("Warning: \(reason): they are too low, and were not kept.")
    }
    return lines
  }
}
