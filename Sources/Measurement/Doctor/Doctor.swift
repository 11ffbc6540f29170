// What can be measured here, what not, why, and how to enable it.

/// One thing that a benchmark would like to have.
public struct Finding: Sendable, Equatable {
  /// Whether it can be used.
  public enum State: String, Sendable {
    case available
    /// Present, but this user or this setting keeps it away.
    case blocked
    /// Not on this machine.
    case absent
    /// Works, but spoils measurements as it is.
    case advice
  }

  public let subject: String
  public let state: State
  public let detail: String
  /// Exact commands that enable it; `nil` where there are none.
  public let remedy: String?
}

/// Looks, and changes nothing.
public struct Doctor: Sendable {
  let tree: FileTree
  private let estimate: PowerModel?

  public init(tree: FileTree = FileTree(), estimate: PowerModel?) {
    self.tree = tree
    self.estimate = estimate
  }

  public func findings() -> [Finding] { meters() + conditions() }

  /// Every meter in order of preference.
  public func meters() -> [Finding] {
    var findings = [
      Finding(
        subject: "wall meter", state: .absent,
        detail: "not looked for: needs an address, a file or a command",
        remedy: "--meter shelly:HOST, shelly1:HOST, redfish:URL, csv:FILE or command:LINE")
    ]
    let factory = MeterFactory(estimate: estimate, tree: tree)
    for (name, request) in MeterFactory.ranking {
      if request == .ipmi {
        findings.append(ipmi())
        continue
      }
      #if !os(macOS)
        if request == .powermetrics { continue }
      #endif
      do throws(EnergyReason) {
        let meter = try factory.meter(request)
        findings.append(
          Finding(
            subject: name, state: .available, detail: "\(meter.name): \(meter.covers)", remedy: nil)
        )
      } catch {
        findings.append(
          Finding(
            subject: name, state: Self.state(error.fault), detail: error.message,
            remedy: Self.remedy(request, error.fault)))
      }
    }
    findings.append(Self.ioReport)
    return findings
  }

  /// Said on every system, as nothing here would find out.
  private static let ioReport = Finding(
    subject: "macOS IOReport", state: .absent,
    detail: "not implemented; on macOS, --meter powermetrics as root", remedy: nil)

  private static func state(_ fault: EnergyFault) -> Finding.State {
    fault == .permissionDenied || fault == .wrongState ? .blocked : .absent
  }

  /// A controller that exists is not asked: ipmitool needs root and seconds.
  private func ipmi() -> Finding {
    guard let device = IPMIReader.device(tree) else {
      return Finding(
        subject: "ipmi-dcmi", state: .absent, detail: "\(IPMIReader.devices[0]) does not exist",
        remedy: "on a server with a BMC: sudo modprobe ipmi_devintf ipmi_si")
    }
    return Finding(
      subject: "ipmi-dcmi", state: .available,
      detail: "\(device) exists; --meter ipmi runs ipmitool, for repetitions of 10 s or more",
      remedy: "sudo apt install ipmitool, and read access to \(device)")
  }

  /// CVE-2020-8694 is why these counters are root's.
  private static func remedy(_ request: MeterRequest, _ fault: EnergyFault) -> String? {
    switch (request, fault) {
    case (.raplPowercap, .permissionDenied):
      """
      sudo groupadd -f rapl && sudo usermod -aG rapl "$USER"
      sudo tee /etc/udev/rules.d/70-rapl.rules <<'RULE'
      ACTION=="add", SUBSYSTEM=="powercap", KERNEL=="intel-rapl:*", \
      RUN+="/usr/bin/chgrp rapl /sys/%p/energy_uj", RUN+="/usr/bin/chmod g+r /sys/%p/energy_uj"
      RULE
      sudo udevadm control --reload && \
      sudo udevadm trigger --subsystem-match=powercap --action=add
      (then log in again)
      """
    case (.raplPerf, .permissionDenied): "sudo sysctl kernel.perf_event_paranoid=0"
    case (.raplPowercap, .noMeter): "on bare metal: sudo modprobe intel_rapl_msr"
    case (.battery, .wrongState): "unplug the charger"
    default: nil
    }
  }
}
