// OpenBLAS, called by one worker at a time for its own part of a product.

import COpenBLAS

enum BLAS {
  /// OpenBLAS starts with a thread per core; ours is the only pool.
  static let singleThreaded: Void = openblas_set_num_threads(1)

  /// OpenBLAS asks for its buffers again and again for ever where the system refuses them.
  ///
  /// - Throws: ``EngineError/outOfMemory(bytes:purpose:)`` where they cannot be had now.
  static func checkRoom(threads: Int) throws(EngineError) {
    _ = try Memory(
      byteCount: threads * bufferBytes, purpose: "OpenBLAS's buffers", reserveOnly: true)
  }

  /// Of each thread that multiplies: BUFFER_SIZE of a build for many cores, and what aligning it takes.
  private static let bufferBytes = 192 << 20

  /// `c[m, n] = a[m, k] b[n, k]^T`, all row-major.
  static func multiplyTransposed(
    m: Int, n: Int, k: Int, a: UnsafePointer<Float>, strideA: Int, b: UnsafePointer<Float>,
    strideB: Int, c: UnsafeMutablePointer<Float>, strideC: Int
  ) {
    cblas_sgemm(
      CblasRowMajor, CblasNoTrans, CblasTrans, blasint(m), blasint(n), blasint(k), 1, a,
      blasint(strideA), b, blasint(strideB), 0, c, blasint(strideC))
  }

  /// `c[m, n] = a[m, k] b[k, n]`, all row-major.
  static func multiply(
    m: Int, n: Int, k: Int, a: UnsafePointer<Float>, strideA: Int, b: UnsafePointer<Float>,
    strideB: Int, c: UnsafeMutablePointer<Float>, strideC: Int
  ) {
    cblas_sgemm(
      CblasRowMajor, CblasNoTrans, CblasNoTrans, blasint(m), blasint(n), blasint(k), 1, a,
      blasint(strideA), b, blasint(strideB), 0, c, blasint(strideC))
  }

  /// What the linked library says of itself: version, threading, chosen core.
  static var configuration: String { String(cString: openblas_get_config()) }
}

/// The linked BLAS, for reports.
public enum BLASLibrary {
  public static var configuration: String { BLAS.configuration }
}
