// Memberwise initialisers for the description that does not come from a Linux tree.

#if os(macOS)
  extension Environment {
    init(
      cpu: CPUInfo,
      memory: MemoryInfo,
      cgroup: CgroupLimits,
      operatingSystem: Reading<String>,
      kernel: Reading<String>,
      architecture: Reading<String>,
      virtualisation: Reading<String?>,
      container: Reading<String?>,
      loadAverage: Reading<[Double]>,
      temperature: Reading<Double>
    ) {
      self.cpu = cpu
      self.memory = memory
      self.cgroup = cgroup
      self.operatingSystem = operatingSystem
      self.kernel = kernel
      self.architecture = architecture
      self.virtualisation = virtualisation
      self.container = container
      self.loadAverage = loadAverage
      self.temperature = temperature
    }
  }

  extension MemoryInfo {
    init(
      total: Reading<Int>,
      available: Reading<Int>,
      swapTotal: Reading<Int>,
      swapFree: Reading<Int>,
      hugePagesTotal: Reading<Int>,
      hugePageSize: Reading<Int>,
      transparentHugePages: Reading<String>,
      numaNodes: Reading<Int>
    ) {
      self.total = total
      self.available = available
      self.swapTotal = swapTotal
      self.swapFree = swapFree
      self.hugePagesTotal = hugePagesTotal
      self.hugePageSize = hugePageSize
      self.transparentHugePages = transparentHugePages
      self.numaNodes = numaNodes
    }
  }

  extension CPUInfo {
    init(
      modelName: Reading<String>,
      vendor: Reading<String>,
      family: Reading<Int>,
      model: Reading<Int>,
      stepping: Reading<Int>,
      microcode: Reading<String>,
      logicalCores: Reading<Int>,
      physicalCores: Reading<Int>,
      sockets: Reading<Int>,
      affinity: Reading<Int>,
      flags: Reading<[String]>,
      caches: Reading<[CPUCache]>,
      governor: Reading<String>,
      driver: Reading<String>,
      frequencyMHz: Reading<Double>,
      maximumFrequencyMHz: Reading<Double>
    ) {
      self.modelName = modelName
      self.vendor = vendor
      self.family = family
      self.model = model
      self.stepping = stepping
      self.microcode = microcode
      self.logicalCores = logicalCores
      self.physicalCores = physicalCores
      self.sockets = sockets
      self.affinity = affinity
      self.flags = flags
      self.caches = caches
      self.governor = governor
      self.driver = driver
      self.frequencyMHz = frequencyMHz
      self.maximumFrequencyMHz = maximumFrequencyMHz
    }
  }
#endif
