// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "moebench",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "moebench", targets: ["moebench"])
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
  ],
  targets: [
    // MARK: - C: OpenBLAS and our own kernels, imported only by Inference/Kernels

    .systemLibrary(
      name: "COpenBLAS", pkgConfig: "openblas",
      providers: [.apt(["libopenblas-dev"]), .brew(["openblas"])]),
    .target(
      name: "CKernels", cSettings: [.unsafeFlags(["-O3", "-std=c11", "-ffp-contract=off"])],
      linkerSettings: [.linkedLibrary("m")]),
    .executableTarget(
      name: "kernel-bench", dependencies: ["CKernels"], path: "Benchmarks/kernels",
      cSettings: [.unsafeFlags(["-O3"])]),

    // The commit, which only `make` knows; one C file is compiled again for another one.
    .target(name: "CBuildInfo"),

    // Guards mapped files against shrinking; imported only by Inference/Formats.
    .target(name: "CFileGuard"),

    // Signals and memory limits before any library starts.
    .target(name: "CProcessStart"),

    // MARK: - The engine, the harness, the money, the data

    .target(name: "StrictJSON"),
    .target(
      name: "Inference", dependencies: ["CKernels", "COpenBLAS", "CFileGuard", "StrictJSON"]),
    .target(name: "CMeters"),
    .target(name: "Measurement", dependencies: ["CMeters"]),
    .target(name: "CostModel"),
    // The data as bytes in the binary, so that it works alone: #embed compiles in a fraction of a
    // second where embedded Swift resources of this size took 36 s.
    .target(name: "CModelData", path: "Models/Embedded"),
    .target(
      name: "Models", dependencies: ["CModelData", "CostModel", "StrictJSON"], path: "Models",
      exclude: ["Embedded", "architectures", "machines", "prices"]),
    .target(
      name: "Reports",
      dependencies: ["Analysis", "CostModel", "Measurement", "Models", "StrictJSON"],
      exclude: ["Schemas"]),
    .target(
      name: "Analysis", dependencies: ["CostModel", "Measurement", "Models", "StrictJSON"]),
    .target(name: "Import", dependencies: ["Measurement", "Models", "StrictJSON"]),
    .target(
      name: "History",
      dependencies: ["StrictJSON", .product(name: "GRDB", package: "GRDB.swift")]),
    .target(
      name: "Targets",
      dependencies: ["Import", "Inference", "Measurement", "Models", "StrictJSON"]),
    // Apart from Targets, so that the engine never waits for SwiftNIO to build.
    .target(
      name: "Endpoint",
      dependencies: [
        "Measurement", "StrictJSON",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ]),
    .executableTarget(
      name: "moebench",
      dependencies: [
        "Analysis", "CBuildInfo", "CProcessStart", "CostModel", "Endpoint", "History", "Import",
        "Inference", "Measurement", "Models", "Reports", "StrictJSON", "Targets",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),

    // MARK: - Tests

    .target(name: "CAllocationCounter", path: "Tests/CAllocationCounter"),
    // The AMX products over tiles in plain C, which every machine can run.
    .target(
      name: "CEmulatedAMX", dependencies: ["CKernels"], path: "Tests/CEmulatedAMX",
      cSettings: [.unsafeFlags(["-O3", "-std=c11", "-ffp-contract=off"])]),
    .testTarget(
      name: "CKernelsTests",
      dependencies: ["CEmulatedAMX", "CKernels", "StrictJSON", "TestSupport"]
    ),
    .testTarget(name: "CommandTests", dependencies: ["moebench", "StrictJSON", "TestSupport"]),
    .testTarget(name: "CostModelTests", dependencies: ["CostModel"]),
    .testTarget(
      name: "ModelsTests",
      dependencies: ["CostModel", "Inference", "Models", "StrictJSON", "TestSupport"]),
    .testTarget(name: "FormatsTests", dependencies: ["Inference", "StrictJSON", "TestSupport"]),
    .testTarget(
      name: "InferenceTests",
      dependencies: ["CAllocationCounter", "Inference", "StrictJSON", "TestSupport"]),
    .testTarget(
      name: "EndpointTests",
      dependencies: [
        "Analysis", "CostModel", "Endpoint", "Measurement", "Models", "Reports", "StrictJSON",
        "TestSupport", "moebench", .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ]),
    .testTarget(name: "HistoryTests", dependencies: ["History", "TestSupport"]),
    .testTarget(
      name: "ImportTests",
      dependencies: ["Import", "Models", "Reports", "StrictJSON", "TestSupport"]),
    .testTarget(name: "MeasurementTests", dependencies: ["Measurement", "TestSupport"]),
    .target(name: "TestSupport", dependencies: ["StrictJSON"], path: "Tests/TestSupport"),
    .testTarget(
      name: "ReportsTests",
      dependencies: [
        "Analysis", "CostModel", "Inference", "Measurement", "Models", "Reports", "StrictJSON",
        "Targets", "TestSupport",
      ]),
    .testTarget(name: "StrictJSONTests", dependencies: ["StrictJSON", "TestSupport"]),
    .testTarget(
      name: "TokenizationTests", dependencies: ["Inference", "StrictJSON", "TestSupport"]),
  ],
  swiftLanguageModes: [.v6]
)
