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

// What an app has otherwise is measured beside it where the caller says that libsodium is installed.
if Context.environment["KYCVS_BENCH_SODIUM"] != nil {
    package.targets[0].dependencies.append("CSodium")
    package.targets.append(.systemLibrary(name: "CSodium"))
}
