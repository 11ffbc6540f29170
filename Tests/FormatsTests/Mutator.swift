// Damages files: bytes anywhere, and the structures their readers believe. The same seed damages alike.

import Inference

extension SplitMix64 {
  mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(max(limit, 1))) }

  mutating func pick<T>(_ list: [T]) -> T { list[below(list.count)] }
}

struct Mutator {
  var random: SplitMix64

  init(seed: UInt64) { random = SplitMix64(seed: seed) }

  // MARK: - Bytes

  private static let integers: [UInt64] = [
    0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 255, 256, 1 << 15, 65_535, 1 << 16,
    (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32, 1 << 48, (1 << 62), (1 << 63) - 1, 1 << 63,
    .max - 7, .max,
  ]

  /// One to four changes of bytes; most near the front, where headers are.
  mutating func bytes(_ original: [UInt8]) -> [UInt8] {
    var bytes = original
    for _ in 0...random.below(4) { change(&bytes) }
    return bytes
  }

  private mutating func place(_ count: Int) -> Int {
    random.below(4) > 0 ? random.below(min(count, 2048)) : random.below(count)
  }

  private mutating func change(_ bytes: inout [UInt8]) {
    guard !bytes.isEmpty else {
      bytes.append(UInt8(truncatingIfNeeded: random.next()))
      return
    }
    let at = place(bytes.count)
    switch random.below(9) {
    case 0: bytes[at] ^= 1 << UInt8(random.below(8))
    case 1: bytes[at] = random.pick([0, 1, 0x22, 0x5b, 0x7b, 0x7f, 0x80, 0xff])
    case 2: bytes.removeSubrange(at..<min(bytes.count, at + 1 + random.below(16)))
    case 3: bytes.insert(contentsOf: bytes[at..<min(bytes.count, at + random.below(64))], at: at)
    case 4: bytes.removeLast(bytes.count - at)
    case 5: bytes += [UInt8](repeating: 0, count: random.below(100))
    case 6:
      for _ in 0..<random.below(8) {
        bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: at)
      }
    default: overwrite(&bytes, at, width: random.pick([1, 2, 4, 8]))
    }
  }

  /// One to four numbers of the second half become zeros, infinities, NaNs or the smallest and largest there are.
  mutating func numbers(_ original: [UInt8]) -> [UInt8] {
    var bytes = original
    for _ in 0...random.below(4) {
      let at = (bytes.count / 2 + random.below(bytes.count / 2)) / 4 * 4
      let float = random.pick(
        [0, .infinity, -.infinity, .nan, 1e-40, -1e-40, 3e38, -3e38] as [Float])
      for index in 0..<4 where at + index < bytes.count {
        bytes[at + index] = UInt8(truncatingIfNeeded: float.bitPattern >> UInt32(8 * index))
      }
    }
    return bytes
  }

  private mutating func overwrite(_ bytes: inout [UInt8], _ at: Int, width: Int) {
    let value = random.pick(Self.integers) &+ UInt64(random.below(3)) &- 1
    for index in 0..<width where at + index < bytes.count {
      bytes[at + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
    }
  }

  // MARK: - JSON

  private static let values: [String] = [
    "0", "-0", "-1", "1", "2", "3", "7", "1e3", "1.5", "1e999", "-1e-999", "2147483647",
    "2147483648", "4294967296", "9223372036854775807", "9223372036854775808",
    "18446744073709551616", "1" + String(repeating: "0", count: 400), "true", "false", "null", "[]",
    "{}", "\"\"", "\"a\"", "[0]", "[[]]", "NaN", "Infinity", "\"\\ud800\"", "\"\\u0000\"",
    "\"../../etc/passwd\"", "\"F32\"", "\"BF16\"", "\"default\"", "\"yarn\"", "[1,2,3]", "[0,0]",
  ]

  /// One to three changes of tokens of a JSON text: it often stays JSON and becomes a lie.
  mutating func json(_ original: String) -> String {
    var tokens = Self.tokens(original)
    for _ in 0...random.below(3) where !tokens.isEmpty { changeToken(&tokens) }
    return tokens.joined()
  }

  private mutating func changeToken(_ tokens: inout [String]) {
    let scalars = tokens.indices.filter { !"{}[],:".contains(tokens[$0]) }
    let at = scalars.isEmpty ? random.below(tokens.count) : random.pick(scalars)
    switch random.below(8) {
    case 0: tokens.remove(at: at)
    case 1: tokens.insert(tokens[at], at: at)
    case 2: tokens.swapAt(at, scalars.isEmpty ? 0 : random.pick(scalars))
    case 3: tokens[random.below(tokens.count)] = random.pick(["{", "}", "[", "]", ",", ":", ""])
    case 4: tokens[at] = String(repeating: random.pick(["[", "{\"a\":", "\"a"]), count: 200)
    default: tokens[at] = random.pick(Self.values)
    }
  }

  private static func tokens(_ text: String) -> [String] {
    var tokens: [String] = []
    var current = ""
    var inString = false
    for character in text.unicodeScalars {
      if inString {
        current.unicodeScalars.append(character)
        if character == "\"" { inString = false }
      } else if "{}[],:".unicodeScalars.contains(character) {
        if !current.isEmpty { tokens.append(current) }
        tokens.append(String(character))
        current = ""
      } else {
        if character == "\"" { inString = true }
        current.unicodeScalars.append(character)
      }
    }
    return current.isEmpty ? tokens : tokens + [current]
  }

  // MARK: - Containers

  /// Header changes with a length that is right again, or bytes anywhere.
  mutating func safetensors(header: String, data: Int) -> [UInt8] {
    guard random.below(3) > 0 else {
      return bytes(FormatsTests.safetensors(header, data: data))
    }
    let slack = random.below(4) == 0 ? random.below(9) - 4 : 0
    return FormatsTests.safetensors(json(header), data: max(0, data + slack))
  }

  /// Parts of a GGUF file removed, repeated, swapped or damaged one by one, or bytes anywhere.
  mutating func gguf(_ original: GGUFBuilder) -> [UInt8] {
    guard random.below(3) > 0 else { return bytes(original.bytes) }
    var builder = original
    for _ in 0...random.below(3) {
      if random.below(2) == 0 { changePart(&builder.pairs) } else { changePart(&builder.tensors) }
    }
    switch random.below(12) {
    case 0: builder.pairCount = random.pick(Self.integers)
    case 1: builder.tensorCount = random.pick(Self.integers)
    case 2: builder.version = UInt32(truncatingIfNeeded: random.pick(Self.integers))
    case 3: builder.alignment = random.pick([1, 8, 16, 64, 4096])
    case 4: builder.data.removeLast(random.below(builder.data.count))
    default: break
    }
    return builder.bytes
  }

  private mutating func changePart(_ parts: inout [[UInt8]]) {
    guard !parts.isEmpty else { return }
    let at = random.below(parts.count)
    switch random.below(5) {
    case 0: parts.remove(at: at)
    case 1: parts.append(parts[at])
    case 2: parts.swapAt(at, random.below(parts.count))
    default: change(&parts[at])
    }
  }
}
