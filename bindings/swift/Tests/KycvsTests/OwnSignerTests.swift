import Foundation
import Kycvs
import XCTest

#if canImport(CryptoKit)
import CryptoKit

/// A key of the system's own library.
struct OtherLibrary: @unchecked Sendable {
    private let key: Curve25519.Signing.PrivateKey

    init(seed: Data) throws {
        key = try Curve25519.Signing.PrivateKey(rawRepresentation: seed)
    }

    func sign(_ message: Data) throws -> Data {
        try key.signature(for: message)
    }
}
#else
/// A key of OpenSSL, whose library every Linux has; swift-crypto would be another package to fetch.
struct OtherLibrary {
    private let seed: Data

    init(seed: Data) throws {
        self.seed = seed
    }

    func sign(_ message: Data) throws -> Data {
        typealias NewKey = @convention(c) (CInt, OpaquePointer?, UnsafePointer<UInt8>, Int) -> OpaquePointer?
        typealias New = @convention(c) () -> OpaquePointer?
        typealias Free = @convention(c) (OpaquePointer?) -> Void
        typealias Begin =
            @convention(c) (OpaquePointer?, OpaquePointer?, OpaquePointer?, OpaquePointer?, OpaquePointer?) -> CInt
        typealias Sign =
            @convention(c) (
                OpaquePointer?, UnsafeMutablePointer<UInt8>, UnsafeMutablePointer<Int>, UnsafePointer<UInt8>, Int
            )
            -> CInt

        let library = try XCTUnwrap(dlopen("libcrypto.so.3", RTLD_NOW), "install OpenSSL 3 (libssl3)")
        func function<Function>(_ name: String, _: Function.Type) throws -> Function {
            unsafeBitCast(try XCTUnwrap(dlsym(library, name)), to: Function.self)
        }
        let ed25519: CInt = 1087
        let key = try function("EVP_PKEY_new_raw_private_key", NewKey.self)(ed25519, nil, Array(seed), seed.count)
        let context = try function("EVP_MD_CTX_new", New.self)()
        defer {
            (try? function("EVP_MD_CTX_free", Free.self))?(context)
            (try? function("EVP_PKEY_free", Free.self))?(key)
        }
        var signature = [UInt8](repeating: 0, count: 64)
        var length = signature.count
        let begun = try function("EVP_DigestSignInit", Begin.self)(context, nil, nil, nil, key)
        let signed = try function("EVP_DigestSign", Sign.self)(
            context, &signature, &length, Array(message), message.count)
        guard begun == 1, signed == 1, length == 64 else { throw AppError() }
        return Data(signature)
    }
}
#endif

/// A signer that the app implements, with a key that another library holds.
final class OwnSignerTests: XCTestCase {
    private final class KeyStore: Signer {
        private let key: OtherLibrary

        init(seed: Data) throws {
            key = try OtherLibrary(seed: seed)
        }

        func sign(_ message: Data) throws -> Data {
            try key.sign(message)
        }
    }

    func testAnotherLibrarySigns() throws {
        let town = try Town()
        let signer = try KeyStore(seed: Data(repeating: 7, count: 32))
        let issuer = try Issuer(name: "in.example.health", key: town.key.verifyingKey, signer: signer)
        XCTAssertEqual(issuer.name, "in.example.health")
        XCTAssertEqual(issuer.verifyingKey, town.key.verifyingKey)

        let answer = try Answer(
            status: .partiallyVaccinated, purpose: "entry", validFor: 60, audience: Town.audience, nonce: Town.nonce)
        let presentation = try issuer.issueAtSeconds(answer, nowSeconds: Town.now).toBytes()
        XCTAssertEqual(try town.verify(presentation).status, .partiallyVaccinated)
    }

    /// With the key of somebody else it is an answer that nobody believes.
    func testTheWrongKeySigns() throws {
        let town = try Town()
        let signer = try KeyStore(seed: Data(repeating: 8, count: 32))
        let issuer = try Issuer(name: "in.example.health", key: town.key.verifyingKey, signer: signer)
        let answer = try Answer(
            status: .fullyVaccinated, purpose: "entry", validFor: 60, audience: Town.audience, nonce: Town.nonce)
        let presentation = try issuer.issueAtSeconds(answer, nowSeconds: Town.now).toBytes()
        XCTAssertEqual(failure { try town.verify(presentation) }?.code, "bad_signature")
    }

    func testASignatureOfAnotherLibraryVerifies() throws {
        let message = Data("a message".utf8)
        let key = try SigningKey(seed: Data(repeating: 7, count: 32)).verifyingKey
        var signature = try OtherLibrary(seed: Data(repeating: 7, count: 32)).sign(message)
        XCTAssertTrue(key.verifies(message: message, signature: signature))
        XCTAssertFalse(key.verifies(message: message + [0], signature: signature))
        XCTAssertFalse(key.verifies(message: message, signature: signature + [0]))
        XCTAssertFalse(key.verifies(message: message, signature: signature.dropLast()))
        signature[0] ^= 1
        XCTAssertFalse(key.verifies(message: message, signature: signature))
    }
}
