// Giving pages back that will not be read again.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Gives back the whole pages among these bytes. A mapped file's are read from the file again when touched; anonymous
/// memory is zeros from then on.
func releasePages(_ bytes: UnsafeRawBufferPointer) {
  guard let base = bytes.baseAddress else { return }
  let page = Int(sysconf(Int32(_SC_PAGESIZE)))
  let start = (Int(bitPattern: base) + page - 1) / page * page
  let end = (Int(bitPattern: base) + bytes.count) / page * page
  guard end > start, let pointer = UnsafeMutableRawPointer(bitPattern: start) else { return }
  madvise(pointer, end - start, MADV_DONTNEED)
}

extension StoredTensor {
  /// Gives the tensor's pages back where it lies in a file; it can be read again.
  func releasePages() {
    if owner is MappedFile { Inference.releasePages(bytes) }
  }
}

extension WeightMatrix {
  /// Gives back the pages of a matrix that was copied elsewhere: a file's, or memory that nobody else sees.
  func releasePages() {
    if isMapped || isOwned { Inference.releasePages(stretch) }
  }

  /// The rows' bytes.
  var stretch: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: base, count: rows * rowBytes)
  }
}

/// Stretches with nothing between them as one, and each byte once, by their addresses.
func joined(_ stretches: [UnsafeRawBufferPointer]) -> [UnsafeRawBufferPointer] {
  func start(_ bytes: UnsafeRawBufferPointer) -> Int { Int(bitPattern: bytes.baseAddress) }
  var runs: [UnsafeRawBufferPointer] = []
  for next in stretches.sorted(by: { start($0) < start($1) }) {
    if let last = runs.last, start(next) <= start(last) + last.count {
      let count = max(last.count, start(next) + next.count - start(last))
      runs[runs.count - 1] = UnsafeRawBufferPointer(start: last.baseAddress, count: count)
    } else {
      runs.append(next)
    }
  }
  return runs
}
