// swift-tools-version:5.9
import Foundation
import PackageDescription

// An xcframework that was built in this checkout, for Apple's platforms; without one the library is
// found by the linker (`-L`), as on Linux. `bindings/generate.sh swift` writes the generated sources.
let framework = "SignalWireClientFFI.xcframework"
let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
let hasFramework = FileManager.default.fileExists(
    atPath: folder.appendingPathComponent(framework).path)

let native: Target =
    hasFramework
    ? .binaryTarget(name: "SignalWireClientFFI", path: framework)
    : .systemLibrary(name: "SignalWireClientFFI", path: "Sources/SignalWireClientFFI")

let package = Package(
    name: "SignalWireClient",
    platforms: [.iOS(.v15), .macOS(.v12)],
    products: [
        .library(name: "SignalWireClient", targets: ["SignalWireClient"])
    ],
    targets: [
        native,
        .target(
            name: "SignalWireClient",
            dependencies: ["SignalWireClientFFI"],
            path: "Sources/SignalWireClient",
            swiftSettings: [.enableExperimentalFeature("StrictConcurrency")],
            linkerSettings: hasFramework ? [] : [.linkedLibrary("signalwire_client")]
        ),
        // The call screen, for applications to copy.
        .target(
            name: "CallScreenSample",
            dependencies: ["SignalWireClient"],
            path: "Samples/CallScreen",
            swiftSettings: [.enableExperimentalFeature("StrictConcurrency")]
        ),
        // Plays parts in the scenarios of the repository; see tests/scenarios.
        .executableTarget(
            name: "ScenarioSoftphone",
            dependencies: ["SignalWireClient"],
            path: "Tests/Softphone",
            swiftSettings: [.enableExperimentalFeature("StrictConcurrency")]
        ),
        .testTarget(
            name: "SignalWireClientTests",
            dependencies: ["SignalWireClient", "CallScreenSample"],
            path: "Tests/SignalWireClientTests"
        ),
    ]
)
