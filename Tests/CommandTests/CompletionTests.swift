// Shell completions: every command is offered, and Bash completes options and their values.

import Foundation
import Testing

@Suite(.runsPrograms) struct CompletionTests {
  /// What Bash offers after these words.
  private func offers(_ words: String...) throws -> Set<String> {
    let script = """
      source <('\(Program.url.path)' --generate-completion-script bash)
      COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE}
      _moebench "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
      printf '%s\\n' "${COMPREPLY[@]}"
      """
    let shell = try Program.run(
      URL(filePath: "/bin/bash"), arguments: ["-c", script, "bash"] + words)
    #expect(shell.status == 0, "\(shell.error)")
    let lines = shell.output.split(separator: "\n")
    return Set(lines.map { $0.trimmingCharacters(in: .whitespaces) })
  }

  private func commands() throws -> Set<String> {
    let help = try Program.run("--help").output
    let list = help.range(of: "SUBCOMMANDS:").map { help[$0.upperBound...] } ?? ""
    return Set(list.matches(of: #/(?m)^  ([a-z]+)(?: \(default\))? +[A-Z]/#).map { String($0.1) })
  }

  @Test("Bash offers every command, a command's own commands, options and their values")
  func bash() throws {
    let commands = try commands()
    #expect(commands.count >= 19)
    #expect(try offers("moebench", "").isSuperset(of: commands))
    #expect(
      try offers("moebench", "history", "").isSuperset(of: ["list", "show", "export", "compare"]))
    #expect(try offers("moebench", "sweep", "").isSuperset(of: ["batch", "experts", "routing"]))
    #expect(
      try offers("moebench", "run", "--price").isSuperset(of: ["--prices", "--price-per-kwh"]))
    #expect(try offers("moebench", "run", "--engine", "") == ["builtin", "llama-bench"])
  }

  @Test("zsh and fish get scripts that name every command", arguments: ["zsh", "fish"])
  func others(_ shell: String) throws {
    let script = try Program.run("--generate-completion-script", shell).output
    for command in try commands() { #expect(script.contains(command), "\(command)") }
  }
}
