// One model of the catalogue: its public configuration and what is known about it.

import StrictJSON

/// A model as published. `config` is its `config.json`, in the keys of its family, so that whatever
/// reads a checkpoint's configuration reads the catalogue's.
public struct ModelEntry: Sendable {
  /// Billions of parameters as the maker states them; nil where no figure is at hand.
  public struct Published: Sendable, Hashable {
    public let totalBillion: Double?
    public let activeBillion: Double?
    public let source: String
  }

  /// Billions of parameters computed from the shape when the entry was made, to check other counts.
  public struct Computed: Sendable, Hashable {
    public let totalBillion: Double
    public let activeWithoutInputEmbeddingBillion: Double
    public let activeWithBothEmbeddingsBillion: Double
  }

  public let name: String
  public let title: String
  public let huggingFaceRepository: String
  public let license: String
  /// Day or month of the release as published; nil where unknown.
  public let releaseDate: String?
  public let nativeWeightDtype: String
  public let context: Int?
  public let published: Published
  public let computed: Computed?
  /// How the published parameter counts were made: what of embedding and head they count, in words.
  public let conventions: String
  public let kvCacheElementsPerToken: Double?
  public let configSource: String
  /// `verified`, `unverified`, or how far the configuration can be trusted.
  public let configStatus: String
  /// Keys of `config` that no source at hand confirms.
  public let unverified: [String]
  public let sources: [String]
  public let notes: [String]
  /// Why no engine of ours runs it; nil where one should.
  public let unsupported: String?
  public let config: JSONValue
}

extension ModelEntry {
  init(_ node: Node) throws(DataError) {
    name = try node.string("name")
    title = try node.string("title")
    huggingFaceRepository = try node.string("hf_repo")
    license = try node.string("license")
    releaseDate = try node.optionalString("release_date")
    nativeWeightDtype = try node.string("native_weight_dtype")
    context = try node.optionalCount("context")
    let given = try node.member("published")
    published = Published(
      totalBillion: try given.optional("total_b")?.positive(),
      activeBillion: try given.optional("active_b")?.positive(),
      source: try given.string("source"))
    computed = try node.optional("computed").map { (n) throws(DataError) in try Self.computed(n) }
    conventions = try node.string("conventions")
    kvCacheElementsPerToken = try node.optional("kv_cache_elements_per_token")?.positive()
    configSource = try node.string("config_source")
    configStatus = try node.string("config_status")
    unverified = try node.strings("unverified")
    sources = try node.strings("sources")
    notes = try node.strings("notes")
    unsupported = try node.optionalString("unsupported")
    config = try node.member("config").value
  }

  private static func computed(_ node: Node) throws(DataError) -> Computed {
    Computed(
      totalBillion: try node.member("total_b").positive(),
      activeWithoutInputEmbeddingBillion:
        try node.member("active_without_input_embedding_b").positive(),
      activeWithBothEmbeddingsBillion:
        try node.member("active_with_both_embeddings_b").positive())
  }
}
