// Another meter's recording: CSV of time and watts, joules or kilowatt-hours.

import Foundation

/// Why a recording is refused; names file, line and rule.
public struct TraceError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What a line breaks.
  public enum Rule: Equatable, Sendable {
    case unreadable(String)
    case header
    case columns(Int)
    case time
    case value
    case order
    case falling
    case empty
  }

  public let file: String
  /// From 1; 0 for the file as a whole.
  public let line: Int
  public let rule: Rule

  public var description: String {
    let place = line > 0 ? "\(file):\(line)" : file
    return switch rule {
    case .unreadable(let reason): "\(place): \(reason)"
    case .header: "\(place): the header must be time,watts or time,joules or time,kwh"
    case .columns(let count): "\(place): \(count) columns where the header has 2"
    case .time: "\(place): the time is neither ISO 8601 nor seconds since 1970"
    case .value: "\(place): not a finite number, 0 or more"
    case .order: "\(place): the time is not after the line before"
    case .falling: "\(place): the counter falls; it was reset"
    case .empty: "\(place): fewer than two readings"
    }
  }
}

/// Power or energy against wall-clock time.
public struct MeterTrace: Sendable, Equatable {
  /// What the second column holds; `joules` and `kwh` are counters.
  package enum Kind: String, Sendable {
    case watts, joules, kwh
  }

  package let kind: Kind
  /// Seconds since 1970 and watts, or joules since the recording began.
  package let points: [PowerSeries.Point]
  /// The smallest step that a counter shows, joules; 0 for watts.
  package let smallestStep: Double

  private var series: PowerSeries { PowerSeries(points) }

  public static let sizeLimit = 256 << 20
  /// Days to the times of a recording that could be meant: 1970 … 2200.
  private static let times = 0.0...7_258_118_400.0

  /// - Parameters:
  ///   - text: Header and lines; CRLF, a byte order mark and empty lines are allowed.
  ///   - file: For errors.
  public init(csv text: String, file: String) throws(TraceError) {
    var kind: Kind?
    var points: [PowerSeries.Point] = []
    // The UTF-8 view: "\r\n" is one Character, and splitting by it would need both forms.
    for (index, bytes) in text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false)
      .enumerated()
    {
      let line = String(decoding: bytes, as: UTF8.self).trimmed.drop { $0 == "\u{FEFF}" }
      guard !line.isEmpty else { continue }
      let cells = line.split(separator: ",", omittingEmptySubsequences: false).map(\.trimmed)
      func error(_ rule: TraceError.Rule) -> TraceError {
        TraceError(file: file, line: index + 1, rule: rule)
      }
      guard let known = kind else {
        kind = try Self.header(cells, error)
        continue
      }
      guard cells.count == 2 else { throw error(.columns(cells.count)) }
      guard let time = Self.time(cells[0]) else { throw error(.time) }
      guard let value = Double(cells[1]), value >= 0 else { throw error(.value) }
      let scaled = known == .kwh ? value * 3.6e6 : value
      guard scaled.isFinite else { throw error(.value) }
      if let last = points.last {
        guard time > last.time else { throw error(.order) }
        guard known == .watts || scaled >= last.watts else { throw error(.falling) }
      }
      points.append(.init(time: time, watts: scaled))
    }
    guard let kind else { throw TraceError(file: file, line: 1, rule: .header) }
    guard points.count >= 2 else { throw TraceError(file: file, line: 0, rule: .empty) }
    self.kind = kind
    self.points = points
    smallestStep = kind == .watts ? 0 : Self.smallestStep(points)
  }

  /// Reads a file of at most 256 MiB.
  ///
  /// - Parameter isGrowing: Whether it is still written: a last line without its end is then left out, as half a
  ///   number is another number.
  public init(path: String, isGrowing: Bool = false) throws(TraceError) {
    guard FileManager.default.fileExists(atPath: path) else {
      throw TraceError(file: path, line: 0, rule: .unreadable("no such file"))
    }
    let data: Data
    do {
      let size = try FileManager.default.attributesOfItem(atPath: path)
      guard size[.type] as? FileAttributeType == .typeRegular,
        (size[.size] as? NSNumber)?.intValue ?? Int.max <= Self.sizeLimit
      else {
        throw TraceError(
          file: path, line: 0, rule: .unreadable("not a regular file of 256 MiB at most"))
      }
      data = try Data(contentsOf: URL(fileURLWithPath: path))
    } catch let error as TraceError { throw error } catch {
      throw TraceError(
        file: path, line: 0, rule: .unreadable("cannot be read: \(error.localizedDescription)"))
    }
    let end = isGrowing ? data.lastIndex(of: 0x0A).map { $0 + 1 } : nil
    guard let text = String(data: data[..<(end ?? data.endIndex)], encoding: .utf8) else {
      throw TraceError(file: path, line: 0, rule: .unreadable("not UTF-8"))
    }
    try self.init(csv: text, file: path)
  }

  /// Of a counter in whole steps every rise is some of them, and so is what two rises differ by.
  private static func smallestStep(_ points: [PowerSeries.Point]) -> Double {
    // Less is rounding of the readings.
    let noise = 1e-12 * (points.last?.watts ?? 0)
    let rises = zip(points, points.dropFirst()).map { $1.watts - $0.watts }
      .filter { $0 > noise }.sorted()
    let differences = zip(rises, rises.dropFirst()).map { $1 - $0 }.filter { $0 > noise }
    return (differences + rises.prefix(1)).min() ?? 0
  }

  /// Half of the readings come at least as often as this, seconds.
  package var typicalInterval: Double {
    Statistics.median(zip(points, points.dropFirst()).map { $1.time - $0.time }) ?? .infinity
  }

  private static func header(
    _ cells: [String], _ error: (TraceError.Rule) -> TraceError
  ) throws(TraceError) -> Kind {
    guard cells.count == 2, cells[0].lowercased() == "time",
      let kind = Kind(rawValue: cells[1].lowercased())
    else { throw error(.header) }
    return kind
  }

  private static func time(_ text: String) -> Double? {
    if let seconds = Double(text) { return times.contains(seconds) ? seconds : nil }
    // Both forms of ISO 8601: with and without a fraction of a second.
    for fraction in [true, false] {
      let style = Date.ISO8601FormatStyle(includingFractionalSeconds: fraction)
      if let date = try? style.parse(text) { return date.timeIntervalSince1970 }
    }
    return nil
  }

  /// Energy between two moments, seconds since 1970; nothing is bridged over 60 s.
  public func joules(from start: Double, to end: Double) throws(EnergyReason) -> Double {
    if kind == .watts { return try series.joules(from: start, to: end) }
    guard end > start else { throw EnergyReason(.windowTooShort, "no time passed") }
    let before = try counter(at: start)
    return try counter(at: end) - before
  }

  /// The longest time between two readings that a window needs, its neighbours' included; nil where the recording
  /// does not reach around it.
  package func longestInterval(from start: Double, to end: Double) -> Double? {
    guard let first = points.last(until: start), let last = points.first(from: end), last > first
    else { return nil }
    return (first..<last).lazy.map { points[$0 + 1].time - points[$0].time }.max()
  }

  /// Whether readings stand on both sides of a window, or on its ends.
  package func reaches(from start: Double, to end: Double) -> Bool {
    points.last(until: start) != nil && points.first(from: end) != nil
  }

  /// Why a window has no readings around it, and what may be wrong.
  func absence(from start: Double, to end: Double) -> String {
    guard let first = points.first, let last = points.last else { return "the recording is empty" }
    if first.time > start {
      return "the recording begins \((first.time - start).inSeconds) s after the window did: "
        + "is its clock that of this machine?"
    }
    return
      "the recording's last reading is \((end - last.time).inSeconds) s older than the window's end: "
      + "is it still written, line by line, and by this machine's clock?"
  }

  /// The counter, interpolated between two readings.
  private func counter(at time: Double) throws(EnergyReason) -> Double {
    guard let after = points.first(from: time), points[after].time == time || after > 0
    else {
      throw EnergyReason(.noSamplesInWindow, "the recording does not reach around the window")
    }
    guard points[after].time > time else { return points[after].watts }
    let (a, b) = (points[after - 1], points[after])
    guard b.time - a.time <= PowerSeries.longestGap else {
      throw .gapBetweenReadings(b.time - a.time)
    }
    return a.watts + (b.watts - a.watts) * (time - a.time) / (b.time - a.time)
  }
}
