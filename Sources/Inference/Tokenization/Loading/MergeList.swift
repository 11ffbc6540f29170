// A list of merges, the best first, as tokenizer.json and GGUF files write it.

import StrictJSON

/// Reads merges written `["a", "b"]` or `"a b"`. Both tokens and what they make must be in `index`.
func mergeTable(
  _ entries: some Sequence<JSONValue>, count: Int, isByteLevel: Bool, _ index: TokenIndex,
  path: String
) throws(TokenizerError) -> MergeTable {
  var table = MergeTable(capacity: count)
  for (rank, entry) in entries.enumerated() {
    // Older files keep the first line of a merges.txt.
    if rank == 0, entry.string?.hasPrefix("#version") == true { continue }
    guard let (left, right) = mergePair(entry) else {
      throw .field("\(path)[\(rank)]", rule: "two tokens expected")
    }
    var symbols: [UInt32] = []
    for token in [left, right, left + right] {
      let bytes = isByteLevel ? ByteAlphabet.bytes(of: token) : Array(token.utf8)
      guard let bytes, let id = index.id(bytes) else {
        throw .field(
          "\(path)[\(rank)]", rule: "\(token.quotedForMessage()) is not in the vocabulary")
      }
      symbols.append(UInt32(truncatingIfNeeded: id))
    }
    table.insert(
      symbols[0], symbols[1],
      MergeTable.Merge(rank: UInt32(truncatingIfNeeded: rank), symbol: symbols[2]))
  }
  return table
}

private func mergePair(_ entry: JSONValue) -> (String, String)? {
  if let array = entry.array {
    guard array.count == 2, let left = array[0].string, let right = array[1].string else {
      return nil
    }
    return (left, right)
  }
  guard let text = entry.string?.utf8, let space = text.firstIndex(of: 0x20) else { return nil }
  let rest = text[text.index(after: space)...]
  guard !rest.contains(0x20), space != text.startIndex, !rest.isEmpty,
    let left = String(text[..<space]), let right = String(rest)
  else { return nil }
  return (left, right)
}
