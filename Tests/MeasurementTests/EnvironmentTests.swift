// The environment, read from fake trees: a full one, an empty one and a hostile one.

import Measurement
import Testing

private let xeon = """
  processor\t: 0
  vendor_id\t: GenuineIntel
  cpu family\t: 6
  model\t\t: 85
  model name\t: Intel(R) Xeon(R) CPU @ 2.50GHz
  stepping\t: 7
  microcode\t: 0x1
  cpu MHz\t\t: 2500.5
  physical id\t: 0
  core id\t\t: 0
  flags\t\t: fpu avx2 hypervisor avx512f

  processor\t: 1
  vendor_id\t: GenuineIntel
  cpu MHz\t\t: 2499.5
  physical id\t: 0
  core id\t\t: 0
  flags\t\t: fpu avx2 hypervisor avx512f

  """

@Suite struct EnvironmentTests {
  @Test("a full tree is read whole")
  func full() throws {
    let cache = "/sys/devices/system/cpu/cpu0/cache/index2"
    let fake = try FakeTree([
      "/proc/cpuinfo": xeon,
      "/proc/meminfo": "MemTotal:       24000000 kB\nMemAvailable: 1000 kB\nSwapTotal: 0 kB\n",
      "/proc/self/status": "Name:\tx\nCpus_allowed_list:\t0-1\n",
      "/proc/self/cgroup": "0::/user.slice\n",
      "/sys/fs/cgroup/cgroup.controllers": "cpu memory\n",
      "/sys/fs/cgroup/user.slice/cpu.max": "150000 100000\n",
      "/sys/fs/cgroup/user.slice/memory.max": "4294967296\n",
      "\(cache)/level": "2\n", "\(cache)/type": "Unified\n", "\(cache)/size": "1024K\n",
      "\(cache)/shared_cpu_list": "0-1\n",
      "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "performance\n",
      "/sys/devices/system/cpu/cpufreq/policy0/scaling_cur_freq": "3200000\n",
      "/sys/devices/system/node/node0/cpulist": "0-1\n",
      "/sys/devices/system/node/node1/cpulist": "2-3\n",
      "/sys/kernel/mm/transparent_hugepage/enabled": "always [madvise] never\n",
      "/sys/class/dmi/id/product_name": "KVM\n", "/sys/class/dmi/id/sys_vendor": "QEMU\n",
      "/proc/loadavg": "0.50 0.25 0.10 1/100 42\n", "/proc/sys/kernel/osrelease": "6.1.0\n",
      "/etc/os-release": "NAME=x\nPRETTY_NAME=\"Debian 12\"\n",
      "/sys/class/thermal/thermal_zone0/temp": "48500\n",
    ])
    let environment = Environment(tree: fake.tree)
    let cpu = environment.cpu
    #expect(cpu.modelName == .known("Intel(R) Xeon(R) CPU @ 2.50GHz"))
    #expect(cpu.family == .known(6) && cpu.model == .known(85) && cpu.stepping == .known(7))
    #expect(cpu.logicalCores == .known(2) && cpu.physicalCores == .known(1))
    #expect(cpu.sockets == .known(1) && cpu.affinity == .known(2))
    #expect(cpu.flags.value?.contains("avx512f") == true)
    #expect(
      cpu.caches == .known([CPUCache(level: 2, kind: "Unified", bytes: 1 << 20, sharedBy: 2)]))
    #expect(cpu.governor == .known("performance") && cpu.frequencyMHz == .known(3200))
    #expect(environment.memory.total == .known(24_000_000 * 1024))
    #expect(environment.memory.swapTotal == .known(0))
    #expect(environment.memory.numaNodes == .known(2))
    #expect(environment.memory.transparentHugePages == .known("madvise"))
    #expect(environment.cgroup.version == .known(2) && environment.cgroup.cpuQuota == .known(1.5))
    #expect(environment.cgroup.memoryLimit == .known(4 << 30))
    #expect(environment.virtualisation == .known("QEMU KVM"))
    #expect(environment.loadAverage == .known([0.5, 0.25, 0.1]))
    #expect(environment.operatingSystem == .known("Debian 12"))
    #expect(environment.temperature == .known(48.5))
  }

  @Test(
    "usable threads are the cores that affinity and the control group's quota leave",
    arguments: [
      ("max 100000", "0-3", 4), ("150000 100000", "0-3", 2), ("max 100000", "0", 1),
      ("10000 100000", "0-3", 1), ("900000 100000", "0-3", 4),
    ])
  func usableThreads(quota: String, allowed: String, threads: Int) throws {
    let cores = (0..<4).map {
      "processor\t: \($0)\nphysical id\t: 0\ncore id\t\t: \($0)\n"
    }
    let fake = try FakeTree([
      "/proc/cpuinfo": cores.joined(separator: "\n") + "\n",
      "/proc/self/status": "Cpus_allowed_list:\t\(allowed)\n",
      "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cgroup.controllers": "cpu memory\n",
      "/sys/fs/cgroup/cpu.max": "\(quota)\n",
    ])
    #expect(Environment(tree: fake.tree).usableThreads == threads)
  }

  @Test("limits of the groups above hold too, and what they hold back is counted")
  func ancestors() throws {
    let mount = "/sys/fs/cgroup"
    let fake = try FakeTree([
      "/proc/self/cgroup": "0::/pod/box/job\n", "\(mount)/cgroup.controllers": "cpu memory\n",
      "\(mount)/pod/cpu.max": "50000 100000\n", "\(mount)/pod/memory.max": "max\n",
      "\(mount)/pod/cpu.stat": "throttled_usec 2000000\n",
      "\(mount)/pod/box/cpu.max": "max 100000\n", "\(mount)/pod/box/memory.max": "1048576\n",
      "\(mount)/pod/box/job/cpu.max": "200000 100000\n",
      "\(mount)/pod/box/job/memory.max": "4194304\n",
      "\(mount)/pod/box/job/cpu.stat": "throttled_usec 500000\n",
    ])
    let limits = CgroupLimits(tree: fake.tree)
    #expect(limits.cpuQuota == .known(0.5) && limits.memoryLimit == .known(1 << 20))
    #expect(CgroupPaths(tree: fake.tree).throttledSeconds(fake.tree) == .known(2.5))
    let free = try FakeTree([
      "/proc/self/cgroup": "0::/a\n", "\(mount)/cgroup.controllers": "cpu\n",
      "\(mount)/a/cpu.max": "max 100000\n",
    ])
    #expect(CgroupLimits(tree: free.tree).cpuQuota == .known(nil))
    #expect(CgroupLimits(tree: free.tree).memoryLimit.value == nil)
  }

  @Test("an empty tree gives a reason for every field and no zero")
  func empty() throws {
    let environment = Environment(tree: try FakeTree().tree)
    #expect(environment.cpu.modelName == .unknown(reason: "/proc/cpuinfo does not exist"))
    #expect(environment.cpu.logicalCores.value == nil)
    #expect(environment.memory.total.reason == "/proc/meminfo does not exist")
    #expect(environment.cgroup.cpuQuota.value == nil)
    #expect(environment.loadAverage.reason?.isEmpty == false)
    #expect(environment.virtualisation.value == nil)
  }

  @Test("garbage is refused field by field")
  func garbage() throws {
    let fake = try FakeTree([
      "/proc/meminfo": "MemTotal: 99999999999999999999 kB\nMemAvailable: -5 kB\nSwapTotal\n",
      "/proc/loadavg": "nan inf x", "/proc/cpuinfo": "processor : 0\ncpu family : six\n",
      "/sys/fs/cgroup/cgroup.controllers": "", "/sys/fs/cgroup/cpu.max": "0 0",
      "/sys/fs/cgroup/memory.max": "lots", "/proc/self/status": "Cpus_allowed_list: 0-9999999999",
    ])
    try fake.write("/etc/os-release", bytes: [0xFF, 0xFE, 0x00])
    let environment = Environment(tree: fake.tree)
    #expect(environment.memory.total.value == nil && environment.memory.available.value == nil)
    #expect(environment.loadAverage.value == nil)
    #expect(
      environment.cpu.family
        == .unknown(reason: "/proc/cpuinfo: \"cpu family\" is not a whole number: six"))
    #expect(environment.cgroup.cpuQuota.value == nil && environment.cgroup.memoryLimit.value == nil)
    #expect(environment.cpu.affinity.value == nil)
    #expect(environment.operatingSystem.reason == "/etc/os-release is not text")
  }

  @Test("version 1 control groups are read, and their huge number means no limit")
  func cgroup1() throws {
    let fake = try FakeTree([
      "/proc/self/cgroup": "4:memory:/docker/x\n1:cpu,cpuacct:/\n",
      "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "50000\n",
      "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
      "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
    ])
    let limits = CgroupLimits(tree: fake.tree)
    #expect(limits.version == .known(1) && limits.cpuQuota == .known(0.5))
    #expect(limits.memoryLimit == .known(nil))
  }

  @Test("this machine's own description holds")
  func here() {
    let environment = Environment.current()
    #expect((environment.cpu.logicalCores.value ?? 0) >= 1)
    #expect((environment.memory.total.value ?? 0) > 1 << 20)
  }
}
