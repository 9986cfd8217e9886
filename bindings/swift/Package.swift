// swift-tools-version: 6.0
import Foundation
import PackageDescription

// The core is written in Rust. Where an XCFramework of it lies beside this file, Xcode takes that (iOS, macOS); elsewhere
// the linker looks for the static library `libkycvs_ffi.a`. README.md says how to make the one and the other.
let framework = "KycvsFFI.xcframework"
let hasFramework = FileManager.default.fileExists(atPath: Context.packageDirectory + "/" + framework)
let core: Target =
    hasFramework
    ? .binaryTarget(name: "KycvsFFI", path: framework)
    : .target(
        name: "KycvsFFI",
        linkerSettings: [
            .linkedLibrary("kycvs_ffi"),
            .linkedLibrary("m", .when(platforms: [.linux])),
            .linkedLibrary("dl", .when(platforms: [.linux])),
            .linkedLibrary("pthread", .when(platforms: [.linux])),
        ]
    )

let package = Package(
    name: "Kycvs",
    platforms: [.iOS(.v15), .macOS(.v12)],
    products: [
        .library(name: "Kycvs", targets: ["Kycvs"])
    ],
    targets: [
        core,
        .target(name: "Kycvs", dependencies: ["KycvsFFI"], resources: [.copy("PrivacyInfo.xcprivacy")]),
        // Programs to copy from, which the tests run. Who depends on this package does not build them.
        .executableTarget(name: "VerifyScanned", dependencies: ["Kycvs"], path: "Examples/VerifyScanned"),
        .executableTarget(name: "IssueAnswer", dependencies: ["Kycvs"], path: "Examples/IssueAnswer"),
        .testTarget(name: "KycvsTests", dependencies: ["Kycvs", "VerifyScanned", "IssueAnswer"]),
    ],
    swiftLanguageModes: [.v6]
)
