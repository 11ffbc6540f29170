// Meters in /sys: hardware monitoring chips and batteries (Documentation/hwmon/sysfs-interface).

/// Hardware monitors that say what they cover.
public enum HardwareMonitor {
  static let folder = "/sys/class/hwmon"

  /// A monitoring chip: its folder and the name it gives itself.
  package struct Chip: Sendable, Equatable {
    package let folder: String
    package let name: String
  }

  package static func chips(_ tree: FileTree) -> [Chip] {
    (tree.folder(folder).value ?? []).compactMap { entry in
      tree.line("\(folder)/\(entry)/name").value.map {
        Chip(folder: "\(folder)/\(entry)", name: $0)
      }
    }
  }

  /// Chips known to cover the whole machine: ACPI's power meter, a power supply's own.
  private static let whole = ["power_meter", "corsairpsu"]

  /// - Parameter wanted: A chip's name, such as `amd_energy`, which covers whole sockets; `nil` takes only those known
  ///   to cover the whole machine.
  public static func meter(
    chip wanted: String?, tree: FileTree = FileTree(), clock: any MonotonicClock = SystemClock()
  ) throws(EnergyReason) -> any EnergyMeter {
    let candidates = chips(tree).filter {
      wanted == nil ? whole.contains($0.name) : $0.name == wanted
    }
    guard let chip = candidates.first else {
      let names = Set(chips(tree).map(\.name)).sorted().joined(separator: ", ")
      throw EnergyReason(
        .noMeter,
        "\(folder) has no chip \(wanted ?? whole.joined(separator: " or "))"
          + (names.isEmpty ? "" : "; there are \(names)"))
    }
    if chip.name == "amd_energy" { return try sockets(chip, tree, clock) }
    return try power(chip, tree, clock)
  }

  /// `amd_energy` counts every core and every socket; cores are inside sockets.
  private static func sockets(
    _ chip: Chip, _ tree: FileTree, _ clock: any MonotonicClock
  ) throws(EnergyReason) -> CounterMeter {
    let inputs = (tree.folder(chip.folder).value ?? []).filter {
      $0.hasPrefix("energy") && $0.hasSuffix("_label")
        && tree.line("\(chip.folder)/\($0)").value?.hasPrefix("Esocket") == true
    }.map { $0.dropLast("label".count) + "input" }
    guard !inputs.isEmpty else {
      throw EnergyReason(.noMeter, "\(chip.folder) has no energy of a socket")
    }
    return try CounterMeter(
      traits: MeterTraits(
        name: "hwmon-amd_energy", covers: "CPU packages, no DRAM, behind the power supply",
        coverage: .processor, low: 0.90, high: 1.15, shortestWindow: 0.1),
      counters: inputs.map {
        FileCounter(
          name: "hwmon \(chip.name) \($0)", unitJoules: 1e-6, maximum: nil,
          path: "\(chip.folder)/\($0)", tree: tree)
      }, clock: clock)
  }

  private static func power(
    _ chip: Chip, _ tree: FileTree, _ clock: any MonotonicClock
  ) throws(EnergyReason) -> PowerMeter {
    let names = ["power1_average", "power1_input"]
    guard let input = names.first(where: { tree.exists("\(chip.folder)/\($0)") }) else {
      throw EnergyReason(.noMeter, "\(chip.folder) has no power1_input")
    }
    let isWhole = whole.contains(chip.name)
    return try PowerMeter(
      traits: MeterTraits(
        name: "hwmon-\(chip.name)",
        covers: isWhole ? "whole machine" : "what \(chip.name) measures",
        coverage: isWhole ? .machine : .unknown, low: 0.93, high: 1.07, shortestWindow: 3),
      reader: FilePowerReader(
        path: "\(chip.folder)/\(input)", unitWatts: 1e-6, tree: tree), clock: clock)
  }
}

/// A file that holds power as a whole number of a unit.
package struct FilePowerReader: PowerReader {
  package let path: String
  package let unitWatts: Double
  package let tree: FileTree

  package func watts() throws(EnergyReason) -> Double {
    Double(try tree.counter(path)) * unitWatts
  }
}

/// Batteries while discharging: the whole laptop, its screen included.
package struct BatteryReader: PowerReader {
  static let folder = "/sys/class/power_supply"
  private let batteries: [String]
  private let tree: FileTree

  package init(tree: FileTree) throws(EnergyReason) {
    self.tree = tree
    batteries = (tree.folder(Self.folder).value ?? []).map { "\(Self.folder)/\($0)" }.filter {
      // Batteries of mice and the like have scope "Device".
      tree.line("\($0)/type").value == "Battery" && tree.line("\($0)/scope").value != "Device"
    }
    guard !batteries.isEmpty else {
      throw EnergyReason(.noMeter, "\(Self.folder) has no battery")
    }
  }

  /// Sum over batteries; one of several may rest full while another discharges.
  package func watts() throws(EnergyReason) -> Double {
    var total = 0.0
    var states: [String] = []
    for battery in batteries {
      let state = tree.line("\(battery)/status").value ?? "unknown"
      states.append(state)
      if state == "Discharging" { total += try watts(of: battery) }
    }
    guard states.contains("Discharging"), !states.contains("Charging") else {
      throw EnergyReason(
        .wrongState, "the battery is \(states.joined(separator: ", ")); unplug the charger")
    }
    return total
  }

  /// `power_now`, or `current_now` (negative while discharging) times `voltage_now`; micro-units.
  private func watts(of battery: String) throws(EnergyReason) -> Double {
    if tree.exists("\(battery)/power_now") {
      return Double(abs(try signed("\(battery)/power_now"))) * 1e-6
    }
    let current = Double(abs(try signed("\(battery)/current_now")))
    return current * Double(try signed("\(battery)/voltage_now")) * 1e-12
  }

  private func signed(_ path: String) throws(EnergyReason) -> Int {
    let text: String
    do throws(FileFault) { text = try tree.text(path).trimmed } catch { throw EnergyReason(error) }
    guard let value = Int(text), value != Int.min else {
      throw EnergyReason(.garbage, "\(path) is not a whole number: \(text.clipped)")
    }
    return value
  }
}

extension FileTree {
  /// A file that holds one unsigned number.
  package func counter(_ path: String) throws(EnergyReason) -> UInt64 {
    let text: String
    do throws(FileFault) { text = try self.text(path).trimmed } catch { throw EnergyReason(error) }
    guard let value = UInt64(text) else {
      throw EnergyReason(.garbage, "\(path) is not a counter: \(text.clipped)")
    }
    return value
  }
}
