// Unicode normalization form C (Unicode Standard Annex 15), as the reference tokenizers compute it.

#if canImport(Darwin)
  import Foundation
#else
  // Foundation's composition on Linux leaves a syllable and a final consonant of Hangul apart and loses
  // U+1113. The standard library's, on which comparing strings rests, has no public name yet.
  @_spi(_Unicode) import Swift
#endif

/// The normal form of valid UTF-8.
///
/// Scalars below U+0300 and the ideographs of U+4000 to U+9FFF are composed already and begin a new
/// composition, so only stretches of others, and the one scalar before them, need the general algorithm.
func canonicallyComposed(_ text: [UInt8]) -> [UInt8] {
  guard text.contains(where: { !isPlain(lead: $0) }) else { return text }
  var result: [UInt8] = []
  result.reserveCapacity(text.count)
  var copied = 0
  var position = 0
  var previous = 0
  while position < text.count {
    guard !isPlain(lead: text[position]) else {
      previous = position
      position += utf8Length(lead: text[position])
      continue
    }
    let start = max(previous, copied)
    while position < text.count, !isPlain(lead: text[position]) {
      position += utf8Length(lead: text[position])
    }
    result.append(contentsOf: text[copied..<start])
    appendComposed(String(decoding: text[start..<position], as: UTF8.self), to: &result)
    copied = position
    previous = position
  }
  result.append(contentsOf: text[copied...])
  return result
}

private func isPlain(lead: UInt8) -> Bool { lead < 0xCC || (0xE4 <= lead && lead <= 0xE9) }

/// Appends the normal form of a stretch.
///
/// The library the reference ids come from normalizes by the tables of Unicode 9: what was assigned later neither
/// moves nor composes, and parts what stands before it from what comes after.
private func appendComposed(_ stretch: String, to result: inout [UInt8]) {
  var known: [Unicode.Scalar] = []
  for scalar in stretch.unicodeScalars {
    if scalar.value < 0x378 || (scalar.properties.age?.major ?? 99) <= 9 {
      known.append(contentsOf: tibetanVowels[scalar.value] ?? [scalar])
    } else {
      appendNormalForm(of: known, to: &result)
      result.append(contentsOf: String(scalar).utf8)
      known.removeAll(keepingCapacity: true)
    }
  }
  appendNormalForm(of: known, to: &result)
}

/// Vowel signs of class 0 that decompose to marks of other classes: the only starters that do, and
/// taken for a boundary by the system.
private let tibetanVowels: [UInt32: [Unicode.Scalar]] = [
  0xF73: ["\u{F71}", "\u{F72}"], 0xF75: ["\u{F71}", "\u{F74}"], 0xF81: ["\u{F71}", "\u{F80}"],
]

/// More combining marks in a row than any writing needs; the system's time is quadratic in them.
private let longRun = 64

private func appendNormalForm(of scalars: [Unicode.Scalar], to result: inout [UInt8]) {
  var start = 0
  var position = 0
  while position < scalars.count {
    var end = position
    while end < scalars.count, combiningClass(scalars[end]) != 0 { end += 1 }
    if end - position > longRun {
      let before = normalForm(scalars[start..<position])
      appendRun(scalars[position..<end], after: before, to: &result)
      start = end
    }
    position = max(end, position + 1)
  }
  for scalar in normalForm(scalars[start...]) { append(scalar, to: &result) }
}

/// Appends `before`, which is in normal form, and a run of marks after it: in canonical order, composed
/// with the last starter where nothing of the same or a higher class stands between.
private func appendRun(
  _ run: ArraySlice<Unicode.Scalar>, after before: [Unicode.Scalar], to result: inout [UInt8]
) {
  let tail = before.lastIndex { combiningClass($0) == 0 } ?? before.endIndex
  for scalar in before[..<tail] { append(scalar, to: &result) }
  var marks = (before[tail...] + run).flatMap(decomposition)
  var starter: Unicode.Scalar?
  if let first = marks.first, combiningClass(first) == 0 {
    starter = first
    marks.removeFirst()
  }
  // The standard library's sort is stable, as canonical order demands.
  let ordered = marks.map { (combiningClass($0), $0) }.sorted { $0.0 < $1.0 }.map(\.1)
  var kept: [Unicode.Scalar] = []
  for mark in ordered {
    let isBlocked = kept.last.map { combiningClass($0) >= combiningClass(mark) } ?? false
    if !isBlocked, let base = starter {
      let pair = normalForm([base, mark])
      if pair.count == 1 {
        starter = pair[0]
        continue
      }
    }
    kept.append(mark)
  }
  if let starter { append(starter, to: &result) }
  for mark in kept { append(mark, to: &result) }
}

private func append(_ scalar: Unicode.Scalar, to result: inout [UInt8]) {
  if scalar.isASCII {
    result.append(UInt8(truncatingIfNeeded: scalar.value))
  } else {
    result.append(contentsOf: UTF8.encode(scalar).map(Array.init) ?? [])
  }
}

private func combiningClass(_ scalar: Unicode.Scalar) -> UInt8 {
  scalar.value < 0x300 ? 0 : scalar.properties.canonicalCombiningClass.rawValue
}

// MARK: - The system's tables

private func string(_ scalars: some Sequence<Unicode.Scalar>) -> String {
  var view = String.UnicodeScalarView()
  view.append(contentsOf: scalars)
  return String(view)
}

private func normalForm(_ scalars: ArraySlice<Unicode.Scalar>) -> [Unicode.Scalar] {
  #if canImport(Darwin)
    return Array(string(scalars).precomposedStringWithCanonicalMapping.unicodeScalars)
  #else
    return Array(string(scalars)._nfc)
  #endif
}

private func decomposition(_ scalar: Unicode.Scalar) -> [Unicode.Scalar] {
  #if canImport(Darwin)
    return Array(String(scalar).decomposedStringWithCanonicalMapping.unicodeScalars)
  #else
    return Array(String(scalar)._nfd)
  #endif
}
