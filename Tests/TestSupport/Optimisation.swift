// How the tests were built.

/// Whether the optimiser ran: counts of allocations and ratios of speeds mean nothing without it.
#if DEBUG
  public let isOptimised = false
#else
  public let isOptimised = true
#endif
