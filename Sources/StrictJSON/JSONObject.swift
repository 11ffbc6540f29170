// The members of a JSON object: ordered as written, found by key in constant time.

/// Ordered members with unique keys.
///
/// A small object is searched in order; a larger one has an open-addressing table of positions whose
/// hash is seeded at random by the standard library, so that no document can force collisions.
public struct JSONObject: Sendable {
  /// A key with its value; equal where the bytes of both are.
  public struct Member: Sendable, Equatable {
    public let key: String
    public fileprivate(set) var value: JSONValue

    public static func == (a: Member, b: Member) -> Bool {
      a.key.hasSameBytes(as: b.key) && a.value == b.value
    }
  }

  public private(set) var members: [Member] = []
  /// Position + 1 of a member, 0 for a free slot; empty while the object is small.
  private var slots: [UInt32] = []
  private static let linearLimit = 8

  public init() {}

  public var count: Int { members.count }
  public var isEmpty: Bool { members.isEmpty }
  public var keys: [String] { members.map(\.key) }

  /// The value of `key`, by its bytes. Setting appends a new member or replaces the value of an old one.
  public subscript(key: String) -> JSONValue? {
    get { position(of: key).map { members[$0].value } }
    set {
      guard let newValue else { return remove(key) }
      if let position = position(of: key) {
        members[position].value = newValue
      } else {
        insert(key, newValue)
      }
    }
  }

  /// Appends a member unless `key` is already present.
  ///
  /// - Returns: Whether the member was added.
  @discardableResult
  public mutating func append(_ key: String, _ value: JSONValue) -> Bool {
    guard position(of: key) == nil else { return false }
    insert(key, value)
    return true
  }

  private mutating func remove(_ key: String) {
    guard let position = position(of: key) else { return }
    members.remove(at: position)
    slots = []
    if members.count > Self.linearLimit { rebuild() }
  }

  private mutating func insert(_ key: String, _ value: JSONValue) {
    members.append(Member(key: key, value: value))
    guard members.count > Self.linearLimit else { return }
    // At most half full, so that a probe meets a free slot soon.
    if members.count * 2 > slots.count { rebuild() } else { place(members.count - 1) }
  }

  private mutating func rebuild() {
    var capacity = 32
    while capacity < members.count * 4 { capacity *= 2 }
    slots = [UInt32](repeating: 0, count: capacity)
    for position in members.indices { place(position) }
  }

  private mutating func place(_ position: Int) {
    var slot = Self.hash(members[position].key) & (slots.count - 1)
    while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
    slots[slot] = UInt32(truncatingIfNeeded: position + 1)
  }

  private func position(of key: String) -> Int? {
    guard !slots.isEmpty else {
      return members.firstIndex { $0.key.hasSameBytes(as: key) }
    }
    var slot = Self.hash(key) & (slots.count - 1)
    while slots[slot] != 0 {
      let position = Int(slots[slot]) - 1
      if members[position].key.hasSameBytes(as: key) { return position }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }

  private static func hash(_ key: String) -> Int {
    var hasher = Hasher()
    hasher.combine(bytesOf: key)
    return hasher.finalize()
  }
}

extension JSONObject: Equatable {
  public static func == (a: JSONObject, b: JSONObject) -> Bool { a.members == b.members }
}
