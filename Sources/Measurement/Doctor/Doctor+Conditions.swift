// Settings of the machine that make timings less steady.

extension Doctor {
  /// Advice on the machine's state.
  public func conditions() -> [Finding] {
    let environment = Environment(tree: tree)
    return [
      governor(environment), virtualisation(environment), quota(environment), load(environment),
      swap(environment), hugePages(environment),
    ]
  }

  private func governor(_ environment: Environment) -> Finding {
    switch environment.cpu.governor {
    case .unknown(let reason):
      Finding(subject: "frequency governor", state: .absent, detail: reason, remedy: nil)
    case .known("performance"):
      Finding(
        subject: "frequency governor", state: .available, detail: "performance", remedy: nil)
    case .known(let name):
      Finding(
        subject: "frequency governor", state: .advice,
        detail: "\(name): the clock follows the load",
        remedy: "sudo cpupower frequency-set -g performance")
    }
  }

  private func virtualisation(_ environment: Environment) -> Finding {
    switch environment.virtualisation {
    case .unknown(let reason):
      Finding(subject: "virtual machine", state: .absent, detail: reason, remedy: nil)
    case .known(nil):
      Finding(subject: "virtual machine", state: .available, detail: "bare metal", remedy: nil)
    case .known(.some(let name)):
      Finding(
        subject: "virtual machine", state: .advice,
        detail: "\(name): neighbours may take CPU time (steal), and energy counters are hidden",
        remedy: nil)
    }
  }

  private func quota(_ environment: Environment) -> Finding {
    switch environment.cgroup.cpuQuota {
    case .unknown(let reason):
      Finding(subject: "CPU quota", state: .absent, detail: reason, remedy: nil)
    case .known(nil):
      Finding(subject: "CPU quota", state: .available, detail: "no limit", remedy: nil)
    case .known(.some(let cpus)):
      Finding(
        subject: "CPU quota", state: .advice,
        detail: "\(cpus) CPUs a period: more threads than that are held back",
        remedy:
          "start the container without --cpus, or use --threads \(max(1, Int(min(cpus, 4096))))")
    }
  }

  private func load(_ environment: Environment) -> Finding {
    guard let load = environment.loadAverage.value?.first else {
      return Finding(
        subject: "load", state: .absent, detail: environment.loadAverage.reason ?? "", remedy: nil)
    }
    let busy = load > 0.1 * Double(environment.cpu.logicalCores.value ?? 1) && load > 0.5
    return Finding(
      subject: "load", state: busy ? .advice : .available, detail: "load average \(load)",
      remedy: busy ? "close other programs: top shows them" : nil)
  }

  private func swap(_ environment: Environment) -> Finding {
    guard let total = environment.memory.swapTotal.value,
      let free = environment.memory.swapFree.value
    else {
      return Finding(
        subject: "swap", state: .absent, detail: environment.memory.swapTotal.reason ?? "no figure",
        remedy: nil)
    }
    let used = max(0, total - free) >> 20
    return Finding(
      subject: "swap", state: used > 64 ? .advice : .available, detail: "\(used) MiB in use",
      remedy: used > 64 ? "free memory, or sudo swapoff -a && sudo swapon -a" : nil)
  }

  private func hugePages(_ environment: Environment) -> Finding {
    switch environment.memory.transparentHugePages {
    case .unknown(let reason):
      Finding(subject: "huge pages", state: .absent, detail: reason, remedy: nil)
    case .known("never"):
      Finding(
        subject: "huge pages", state: .advice, detail: "transparent huge pages: never",
        remedy: "echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled")
    case .known(let mode):
      Finding(
        subject: "huge pages", state: .available, detail: "transparent huge pages: \(mode)",
        remedy: nil)
    }
  }
}
