// Which model of the catalogue a server or a tool means: what a name tells for sure, and nothing more.

import Models
import Testing

@Suite struct NamingTests {
  @Test(
    "a name that tells its model is recognised in any spelling",
    arguments: [
      ("Qwen/Qwen3-30B-A3B-Instruct-2507", "qwen3-30b-a3b"), ("openai/gpt-oss-20b", "gpt-oss-20b"),
      ("gpt-oss:120b", "gpt-oss-120b"), ("qwen3:30b-a3b", "qwen3-30b-a3b"),
      ("/models/Qwen3-30B-A3B-Q4_K_M.gguf", "qwen3-30b-a3b"),
      ("Qwen3-235B-A22B-UD-Q2_K_XL-00001-of-00002.gguf", "qwen3-235b-a22b"),
      ("ibm-granite/granite-3.1-1b-a400m-instruct", "granite-3.1-1b-a400m"),
      ("deepseek-ai/DeepSeek-V3-0324", "deepseek-v3"),
      ("deepseek-ai/DeepSeek-V3.1", "deepseek-v3.1"),
      ("mistralai/Mixtral-8x7B-Instruct-v0.1", "mixtral-8x7b"), ("GLM-4.5-Air-FP8", "glm-4.5-air"),
    ])
  func known(name: String, model: String) throws {
    #expect(try Catalogue.builtIn.model(servedAs: name).entry?.name == model)
  }

  @Test(
    "a name that may be several models, or another one, stays unknown, with a reason",
    arguments: [
      ("", "no name"), ("default", "no model of the catalogue"), ("gpt-4o", "no model"),
      ("qwen3", "may be"), ("DeepSeek", "may be"),
      ("gpt-oss", "may be gpt-oss-120b, gpt-oss-20b"),
      ("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", "distill"),
      ("deepseek-ai/DeepSeek-R1-0528-Qwen3-8B", "qwen3"), ("zai-org/GLM-4.5-Flash", "flash"),
      ("deepseek-v3-1", "\"1\""), ("moonshotai/Kimi-K2-Thinking", "thinking"),
      ("gpt-oss-20b-pruned", "pruned"),
    ])
  func unknown(name: String, words: String) throws {
    guard case .unknown(let reason) = try Catalogue.builtIn.model(servedAs: name) else {
      Issue.record("\(name) is recognised")
      return
    }
    #expect(reason.contains(words), "\(reason)")
  }

  @Test("parameters that contradict the catalogue make a model unknown")
  func parameters() throws {
    let catalogue = try Catalogue.builtIn
    #expect(
      catalogue.model(servedAs: "qwen3-30b-a3b", totalParameters: 30_500_000_000).entry != nil)
    #expect(
      catalogue.model(servedAs: "qwen3-30b-a3b", totalParameters: 8_000_000_000).entry == nil)
  }

  @Test("every model of the catalogue is recognised by each of its own names")
  func itself() throws {
    let catalogue = try Catalogue.builtIn
    for entry in catalogue.models {
      for name in [entry.name, entry.title, entry.huggingFaceRepository] where !name.isEmpty {
        let found = catalogue.model(servedAs: name)
        #expect(found.entry?.name == entry.name, "\(name): \(found)")
      }
    }
  }
}
