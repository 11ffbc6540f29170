// Ctrl-C and SIGTERM at any time, memory limits at any size, as a user meets them.

import Foundation
import StrictJSON
import TestSupport
import Testing

#if os(Linux)
  #if canImport(Glibc)
    import Glibc
  #else
    import Musl
  #endif

  /// A program under way, whose standard error is a terminal: it draws its progress, which says when to interrupt.
  private final class RunningProgram {
    private let process = Process()
    private let output = Pipe()
    private let terminal: FileHandle
    private var said = ""

    init(_ arguments: [String]) throws {
      // posix_openpt, unlockpt and ptsname, which the Swift overlay leaves out.
      let main = open("/dev/ptmx", O_RDWR | O_NOCTTY)
      var (number, lock) = (Int32(0), Int32(0))
      try #require(main >= 0)
      try #require(ioctl(main, 0x4004_5431, &lock) == 0 && ioctl(main, 0x8004_5430, &number) == 0)
      let name = "/dev/pts/\(number)"
      let other = open(name, O_RDWR | O_NOCTTY)
      try #require(other >= 0)
      terminal = FileHandle(fileDescriptor: main, closeOnDealloc: true)
      process.executableURL = Program.url
      process.arguments = arguments
      process.environment = ProcessInfo.processInfo.environment
        .merging(["MOEBENCH_HISTORY": Program.history]) { $1 }
      process.standardInput = FileHandle.nullDevice
      process.standardOutput = output
      process.standardError = FileHandle(fileDescriptor: other, closeOnDealloc: false)
      try process.run()
      close(other)
    }

    /// Reads on until the terminal shows these words; false where the program ended before.
    func shows(_ words: String) -> Bool {
      while !said.contains(words) {
        // Once the other side is closed, reading is an error.
        guard let data = try? terminal.read(upToCount: 4096), !data.isEmpty else { return false }
        said += String(decoding: data, as: UTF8.self)
      }
      return true
    }

    /// Waits until the kernel says that the program has a handler for the signal; false where it ended before.
    func catches(_ signal: Int32) -> Bool {
      let file = "/proc/\(process.processIdentifier)/status"
      while process.isRunning {
        guard let status = try? String(contentsOfFile: file, encoding: .utf8) else { return false }
        let mask = status.split(separator: "\n").first { $0.hasPrefix("SigCgt:") }?.dropFirst(7)
        let bits = mask.flatMap { UInt64($0.trimmingCharacters(in: .whitespaces), radix: 16) } ?? 0
        if bits >> UInt64(signal - 1) & 1 == 1 { return true }
      }
      return false
    }

    func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

    /// Reads what is still drawn, apart: a full terminal would stop the program.
    private func drain() {
      // The handle goes along: a descriptor closed too early would be another test's by then.
      let terminal = terminal
      Thread.detachNewThread {
        while let data = try? terminal.read(upToCount: 4096), !data.isEmpty {}
      }
    }

    /// Exit status, nil where a signal killed it, and standard output.
    func end() -> (status: Int32?, output: String) {
      drain()
      let data = output.fileHandleForReading.readDataToEndOfFile()
      process.waitUntilExit()
      let died = process.terminationReason == .uncaughtSignal
      return (died ? nil : process.terminationStatus, String(decoding: data, as: UTF8.self))
    }
  }

  @Suite(.serialized, .runsPrograms) struct InterruptionTests {
    private let model = Fixture.path("olmoe")

    @Test(
      "a signal that comes first of all ends the program with its own status",
      arguments: [(SIGINT, Int32(130)), (SIGTERM, Int32(143))])
    func early(signal: Int32, status: Int32) throws {
      for _ in 0..<5 {
        let program = try RunningProgram(["run", model, "-p", "16", "-n", "16", "-r", "10000"])
        #expect(program.catches(signal))
        program.send(signal)
        let ended = program.end()
        #expect(ended.status == status && ended.output.isEmpty)
      }
    }

    @Test(
      "an interrupted run keeps what was finished, and every report says how much that is",
      arguments: [(SIGINT, Int32(130)), (SIGTERM, Int32(143))])
    func keeps(signal: Int32, status: Int32) throws {
      let program = try RunningProgram([
        "run", model, "-p", "0", "-n", "32", "-r", "10000", "-t", "1", "--warmup", "1", "-o",
        "json",
      ])
      #expect(program.shows("repetition 4 of 10000"))
      program.send(signal)
      let ended = program.end()
      #expect(ended.status == status)
      let result = try JSONValue(parsing: ended.output)
      #expect(result["status"]?.string == "interrupted")
      #expect(result["samples_planned"]?.int == 10000)
      let done = try #require(result["samples_done"]?.int)
      #expect(done >= 3 && done < 10000)
      #expect(result["tests"]?[0]?["samples"]?.array?.count == done)
      try reports(ended.output, say: "interrupted, \(done) of 10000 repetitions")
    }

    private func reports(_ document: String, say words: String) throws {
      let folder = try ScratchFolder()
      let file = try folder.file("result.json", document)
      let page = folder.path(of: "page.html")
      #expect(try Program.run("report", file, "--output", page).status == 0)
      #expect(try String(contentsOfFile: page, encoding: .utf8).contains(words))
      #expect(try Program.run("cost", file).output.contains(words))
      #expect(try Program.run("compare", file, file).error.contains("was interrupted"))
    }

    @Test("table and Markdown of an interrupted run say so", arguments: ["table", "md"])
    func formats(_ format: String) throws {
      let program = try RunningProgram([
        "run", model, "-p", "0", "-n", "32", "-r", "10000", "-t", "1", "--warmup", "1", "-o",
        format, "--no-history",
      ])
      #expect(program.shows("repetition 4 of 10000"))
      program.send(SIGINT)
      let ended = program.end()
      #expect(ended.status == 130)
      #expect(ended.output.contains(/interrupted, \d+ of 10000 repetitions/))
    }

    @Test("a second signal ends the program without waiting for anything")
    func second() throws {
      let program = try RunningProgram([
        "run", model, "-p", "512", "-n", "0", "-r", "10000", "-t", "1", "--warmup", "0",
      ])
      #expect(program.shows("repetition 2 of 10000"))
      program.send(SIGINT)
      program.send(SIGTERM)
      #expect([130, 143].contains(program.end().status))
    }

    @Test(
      "under a limit of addresses there is one line and status 71, or the work is done",
      arguments: Array(stride(from: 192, through: 1024, by: 64)))
    func memory(mebibytes: Int) throws {
      for (command, more) in [
        ("run", " -p 4 -n 2 -r 1 --warmup 0 -t 1 --no-history"), ("inspect", ""),
      ] {
        let script =
          "ulimit -v \(mebibytes << 10); exec '\(Program.url.path)' \(command) '\(model)'\(more)"
        let ended = try Program.run(URL(filePath: "/bin/sh"), arguments: ["-c", script])
        #expect(!ended.wasKilled, "\(command): \(ended.error)")
        if command == "inspect" && ended.status == 0 { continue }
        #expect(ended.status == 71, "\(command): \(ended.error)")
        #expect(
          ended.error.contains("not enough memory")
            && ended.error.split(separator: "\n").count == 1)
      }
    }
  }
#endif
