// Meters that are programs: the user's command, ipmitool and macOS's powermetrics.

import Foundation

/// Watts as the user's command prints them: one number, alone or before a unit.
package struct CommandReader: PowerReader {
  private let tool: ToolRunner

  package init(command: String, timeout: Double = 10) {
    tool = ToolRunner(shell: command, timeout: timeout)
  }

  package func watts() throws(EnergyReason) -> Double { try Self.watts(try tool.text()) }

  package static func watts(_ text: String) throws(EnergyReason) -> Double {
    let words = text.split(whereSeparator: \.isWhitespace)
    let units: Set<Substring> = ["W", "Watt", "Watts", "watts"]
    // No hexadecimal, which `Double` would read: an address or an identifier is no power.
    guard let first = words.first, !first.lowercased().contains("x"), let watts = Double(first),
      watts.isFinite,
      words.count == 1 || (words.count == 2 && units.contains(words[1]))
    else {
      throw EnergyReason(.garbage, "the command printed \"\(text.trimmed.clipped)\", not watts")
    }
    return watts
  }
}

/// `ipmitool dcmi power reading`: input watts of the whole server.
package struct IPMIReader: PowerReader {
  /// Where Linux puts the controller's device.
  static let devices = ["/dev/ipmi0", "/dev/ipmi/0", "/dev/ipmidev/0"]

  static func device(_ tree: FileTree) -> String? { devices.first(where: tree.exists) }

  private let tool: ToolRunner

  package init(
    tool: ToolRunner = ToolRunner(tool: "ipmitool", arguments: ["dcmi", "power", "reading"])
  ) {
    self.tool = tool
  }

  package func watts() throws(EnergyReason) -> Double { try Self.watts(try tool.text()) }

  package static func watts(_ text: String) throws(EnergyReason) -> Double {
    let keyed = KeyedText(text, path: "ipmitool dcmi power reading")
    if let state = keyed.string("Power reading state is").value, state != "activated" {
      throw EnergyReason(.wrongState, "DCMI power reading is \(state.clipped)")
    }
    let words = keyed.string("Instantaneous power reading").value?.split(separator: " ")
    guard let words, words.count == 2, words[1] == "Watts", let watts = Double(words[0]) else {
      throw EnergyReason(.garbage, "ipmitool printed no instantaneous power reading")
    }
    return watts
  }
}

/// macOS: power of processor, GPU and neural engine by `powermetrics`, which needs root.
package struct PowerMetricsReader: PowerReader {
  private let tool: ToolRunner

  package init(
    tool: ToolRunner = ToolRunner(
      tool: "powermetrics",
      arguments: ["--samplers", "cpu_power", "-i", "500", "-n", "1", "-f", "plist"])
  ) {
    self.tool = tool
  }

  package func watts() throws(EnergyReason) -> Double { try Self.watts(try tool.output()) }

  /// Milliwatts in `combined_power` on Apple silicon, watts in `package_watts` on Intel.
  package static func watts(_ data: Data) throws(EnergyReason) -> Double {
    // Samples are separated by NUL.
    let document = data.split(separator: 0).last ?? Data()
    let plist: Any
    do {
      plist = try PropertyListSerialization.propertyList(
        from: Data(document), options: [], format: nil)
    } catch { throw EnergyReason(.garbage, "powermetrics printed no property list") }
    guard let processor = (plist as? [String: Any])?["processor"] as? [String: Any] else {
      throw EnergyReason(.garbage, "powermetrics' list has no processor")
    }
    func number(_ key: String) -> Double? { (processor[key] as? NSNumber)?.doubleValue }
    if let milliwatts = number("combined_power") { return milliwatts / 1000 }
    if let watts = number("package_watts") { return watts }
    let parts = ["cpu_power", "gpu_power", "ane_power"].compactMap(number)
    guard !parts.isEmpty else {
      throw EnergyReason(.garbage, "powermetrics' list names no power")
    }
    return parts.reduce(0, +) / 1000
  }
}
