// The processes that serve a port of this machine, and the CPU time they use.

/// CPU time of a server's processes between two looks.
public struct ServerUse: Sendable, Equatable {
  /// Names of the processes, the listening one first.
  public let processes: [String]
  public let cpuSeconds: Double
  /// Of the busy CPU time of the whole machine in the same time, 0 … 1; nil where that is unknown.
  public let shareOfBusy: Double?
  /// Of all CPU time there was, 0 … 1.
  public let shareOfMachine: Double?
}

/// The listening process of a port with its descendants; Linux only.
public struct ServerProcesses: Sendable {
  private let tree: FileTree
  private let port: Int

  public init(port: Int, tree: FileTree = FileTree()) {
    self.port = port
    self.tree = tree
  }

  /// One look, to be compared with a later one.
  public struct Look: Sendable {
    let names: [String]
    let ticks: [Int: UInt64]
  }

  /// The processes now. They may be another user's, whose open files cannot be seen.
  public func look() -> Reading<Look> {
    let sockets = ["tcp", "tcp6"].flatMap(listeningSockets)
    guard !sockets.isEmpty else {
      return .unknown(reason: "no process of this machine is seen to listen on port \(port)")
    }
    guard case .known(let names) = tree.folder("/proc") else {
      return .unknown(reason: "/proc cannot be read")
    }
    let all = names.compactMap { Int($0) }
    let owners = all.filter { owns($0, sockets) }
    guard !owners.isEmpty else {
      return .unknown(reason: "the process that listens on port \(port) is another user's")
    }
    let stats = all.compactMap { stat($0) }
    var family = owners
    var index = 0
    while index < family.count {
      family += stats.filter { $0.parent == family[index] && !family.contains($0.id) }.map(\.id)
      index += 1
    }
    let members = family.compactMap { id in stats.first { $0.id == id } }
    return .known(
      Look(
        names: members.map(\.name),
        ticks: Dictionary(members.map { ($0.id, $0.ticks) }) { first, _ in first }))
  }

  /// - Parameters:
  ///   - seconds: Between the looks.
  ///   - utilisation: Busy share of all CPUs between them.
  public static func use(
    from start: Reading<Look>, to end: Reading<Look>, seconds: Double,
    utilisation: Reading<Double>, logicalCPUs: Int
  ) -> Reading<ServerUse> {
    start.flatMap { before in
      end.map { after in
        let ticks = after.ticks.reduce(0.0) { sum, entry in
          let earlier = before.ticks[entry.key] ?? 0
          return sum + (entry.value >= earlier ? Double(entry.value - earlier) : 0)
        }
        let used = ticks / Self.ticksPerSecond
        let available = seconds * Double(max(1, logicalCPUs))
        let busy = utilisation.value.map { $0 * available }
        return ServerUse(
          processes: after.names, cpuSeconds: used,
          shareOfBusy: busy.flatMap { $0 > 0 ? min(1, used / $0) : nil },
          shareOfMachine: available > 0 ? min(1, used / available) : nil)
      }
    }
  }

  /// USER_HZ, which Linux fixes for user space.
  private static let ticksPerSecond = 100.0

  /// Inodes of sockets in state LISTEN (0A) on the port.
  private func listeningSockets(_ table: String) -> [String] {
    guard case .known(let text) = tree.line("/proc/net/\(table)") else { return [] }
    return text.split(whereSeparator: \.isNewline).dropFirst().compactMap { line in
      let fields = line.split(separator: " ")
      guard fields.count > 9, fields[3] == "0A",
        let colon = fields[1].lastIndex(of: ":"),
        Int(fields[1][fields[1].index(after: colon)...], radix: 16) == port
      else { return nil }
      return "socket:[\(fields[9])]"
    }
  }

  private func owns(_ process: Int, _ sockets: [String]) -> Bool {
    let folder = "/proc/\(process)/fd"
    guard case .known(let files) = tree.folder(folder) else { return false }
    return files.contains { file in
      tree.link("\(folder)/\(file)").map { sockets.contains($0) } ?? false
    }
  }

  private struct Stat {
    let id: Int
    let name: String
    let parent: Int
    let ticks: UInt64
  }

  /// The name may hold spaces and parentheses: fields count from after the last one.
  private func stat(_ process: Int) -> Stat? {
    guard case .known(let text) = tree.line("/proc/\(process)/stat"),
      let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")"), open < close
    else { return nil }
    let fields = text[text.index(after: close)...].split(separator: " ")
    guard fields.count > 13, let parent = Int(fields[1]), let user = UInt64(fields[11]),
      let system = UInt64(fields[12])
    else { return nil }
    return Stat(
      id: process, name: String(text[text.index(after: open)..<close]), parent: parent,
      ticks: user &+ system)
  }
}
