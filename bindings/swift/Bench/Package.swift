// swift-tools-version: 6.0
import PackageDescription

// A package like that of any app: it depends on Kycvs and knows nothing of how that is made.
let package = Package(
    name: "KycvsBench",
    platforms: [.macOS(.v12)],
    dependencies: [.package(name: "Kycvs", path: "..")],
    targets: [
        .executableTarget(name: "kycvs-bench", dependencies: [.product(name: "Kycvs", package: "Kycvs")])
    ],
    swiftLanguageModes: [.v6]
)
