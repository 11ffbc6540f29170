// A port of the loopback address on which nothing listens.

public enum ClosedPort {
  /// A port that the system gave and took back: no other process is likely to be given it within a test.
  public static func number() throws -> UInt16 { try LoopbackSocket().port }
}
