// Issues an answer with a new key. The arguments: where to write the trust file, the name of whoever asks, and the nonce
// of the request in hexadecimal digits. It prints the text for the QR code.

import java.io.File
import java.time.Duration
import java.util.HexFormat
import kotlin.system.exitProcess
import org.kycvs.*

fun main(arguments: Array<String>) {
    if (arguments.size != 3) {
        System.err.println("say: TRUST_FILE AUDIENCE NONCE")
        exitProcess(64)
    }
    val (trustFile, audience, nonce) = arguments

    // An issuer keeps its key for years: in a key store (`Signer`), or in a file, `key.toEncryptedPem(passphrase)`.
    val key = SigningKey.generate()
    val issuer = Issuer("in.gov.cowin", key)

    // What verifiers get, by a way that they trust.
    val trust = TrustStore(listOf(TrustedKey(issuer.name(), issuer.verifyingKey())))
    File(trustFile).writeBytes(trust.toBytes())

    // The person was shown who asks and what for, and agreed.
    val answer = Answer(
        Status.FULLY_VACCINATED,
        purpose = "rail-booking",
        validFor = Duration.ofMinutes(15),
        audience = audience,
        nonce = HexFormat.of().parseHex(nonce),
    )
    println(issuer.issue(answer).toText())
}
