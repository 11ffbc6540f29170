// Power over time, integrated by the trapezoid rule between readings.

/// Readings of watts in time order.
package struct PowerSeries: Sendable, Equatable {
  /// A reading: seconds and watts.
  package struct Point: Sendable, Equatable {
    package let time: Double
    package let watts: Double

    package init(time: Double, watts: Double) {
      self.time = time
      self.watts = watts
    }
  }

  /// Longer spaces between readings are not bridged, seconds.
  package static let longestGap = 60.0

  package private(set) var points: [Point] = []

  package init(_ points: [Point] = []) { self.points = points }

  /// Appends a reading; one that is not later than the last is dropped.
  package mutating func append(time: Double, watts: Double) {
    if let last = points.last, time <= last.time { return }
    points.append(Point(time: time, watts: watts))
  }

  /// Forgets what is not needed for windows that start at `time`.
  package mutating func trim(before time: Double) {
    guard let first = points.last(until: time) else { return }
    points.removeFirst(first)
  }

  /// Energy from `start` to `end`, the ends interpolated.
  ///
  /// - Throws: `noSamplesInWindow` where the readings do not reach around the window, `gap` where
  ///   they are too far apart inside it.
  package func joules(
    from start: Double, to end: Double, longestGap: Double = longestGap
  ) throws(EnergyReason) -> Double {
    guard let first = points.last(until: start), let last = points.first(from: end), end > start
    else {
      throw EnergyReason(.noSamplesInWindow, "the readings do not reach around the window")
    }
    var joules = 0.0
    for index in first..<last {
      let (a, b) = (points[index], points[index + 1])
      guard b.time - a.time <= longestGap else {
        throw .gapBetweenReadings(b.time - a.time)
      }
      let from = max(a.time, start)
      let to = min(b.time, end)
      let slope = (b.watts - a.watts) / (b.time - a.time)
      let middle = a.watts + slope * (0.5 * (from + to) - a.time)
      joules += middle * max(0, to - from)
    }
    return joules
  }
}

extension EnergyReason {
  static func gapBetweenReadings(_ seconds: Double) -> EnergyReason {
    EnergyReason(
      .gap,
      "\(seconds.inSeconds) s between two readings; over \(PowerSeries.longestGap.inSeconds) s nothing is known"
    )
  }
}

extension [PowerSeries.Point] {
  /// Index of the first point at or after a time, by halving: a week of seconds has many windows.
  func first(from time: Double) -> Int? {
    let index = count(while: { $0.time < time })
    return index < self.count ? index : nil
  }

  /// Index of the last point at or before a time.
  func last(until time: Double) -> Int? {
    let index = count(while: { $0.time <= time })
    return index > 0 ? index - 1 : nil
  }

  /// Points at the beginning that fulfil what no later one does.
  private func count(while isBefore: (PowerSeries.Point) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = low + (high - low) / 2
      if isBefore(self[middle]) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
