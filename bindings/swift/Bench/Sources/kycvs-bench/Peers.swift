#if canImport(CSodium)
import CSodium

/// libsodium's signature check alone, which the package swift-sodium calls: no token is read, no claim looked at.
struct Sodium: Sendable {
    /// As many bytes as the case's signature is over.
    private let message = (0..<187).map(UInt8.init)
    private let key: [UInt8]
    private let signature: [UInt8]

    init() {
        precondition(sodium_init() >= 0)
        var key = [UInt8](repeating: 0, count: crypto_sign_publickeybytes())
        var secret = [UInt8](repeating: 0, count: crypto_sign_secretkeybytes())
        var signature = [UInt8](repeating: 0, count: crypto_sign_bytes())
        precondition(crypto_sign_keypair(&key, &secret) == 0)
        precondition(crypto_sign_detached(&signature, nil, message, UInt64(message.count), secret) == 0)
        (self.key, self.signature) = (key, signature)
    }

    func verify() {
        precondition(crypto_sign_verify_detached(signature, message, UInt64(message.count), key) == 0)
    }
}
#endif

/// What an app has otherwise, as far as this program was built with it.
func peers() -> [(name: String, run: () -> Double)] {
    #if canImport(CSodium)
    let sodium = Sodium()
    return [("libsodium-ed25519", { round(threads: 1, sodium.verify) })]
    #else
    return []
    #endif
}
