// Pointers and flags that the threads of one conversion share.

import Synchronization

struct SharedBytes: @unchecked Sendable {
  let base: UnsafeRawPointer
  init(_ base: UnsafeRawPointer) { self.base = base }
}

struct SharedMutableBytes: @unchecked Sendable {
  let base: UnsafeMutableRawPointer
  init(_ base: UnsafeMutableRawPointer) { self.base = base }
}

final class ParallelFlag: Sendable {
  private let flag = Atomic<Bool>(false)
  var isSet: Bool { flag.load(ordering: .acquiring) }
  func set() { flag.store(true, ordering: .releasing) }
}
