// Verifies what was scanned. The arguments: a trust file, the own name, the nonce of this request in hexadecimal digits;
// the scanned text comes on the standard input.

import java.io.File
import java.util.HexFormat
import kotlin.system.exitProcess
import org.kycvs.*

fun main(arguments: Array<String>) {
    if (arguments.size != 3) {
        System.err.println("say: TRUST_FILE AUDIENCE NONCE < SCANNED_TEXT")
        exitProcess(64)
    }
    val (trustFile, audience, nonce) = arguments

    // Whom to believe, and what to take: made once, and shared by all requests and threads.
    val trust = TrustStore.fromBytes(File(trustFile).readBytes())
    val verifier = Verifier(trust, Policy(audience), memoryReplayGuard(100_000))

    // One request. Its nonce was made for it, and was shown to the person's wallet.
    val scanned = generateSequence(::readLine).joinToString("\n")
    val verdict = try {
        Expectation(HexFormat.of().parseHex(nonce)).use { expectation -> verifier.verifyText(scanned, expectation) }
    } catch (refusal: KycvsException) {
        val advice = when (refusal) {
            is KycvsException.Unreadable -> "Scan it again."
            is KycvsException.Untrusted -> "Do not rely on it."
            is KycvsException.Refused -> "Ask for a new answer."
            is KycvsException.SetUp ->
                if (refusal.code == "invalid_claim") "The request is not well made."
                else "This device is at fault, and not the person: call the administrator."
            is KycvsException.Issuing -> "This device does not issue."
        }
        println("$advice (${refusal.code}: ${refusal.message})")
        exitProcess(1)
    }

    println("${verdict.issuer} says: ${verdict.status}, as of ${verdict.issuedAt}, for ${verdict.purpose}")
    println(if (verdict.meets(Status.FULLY_VACCINATED)) "Welcome." else "That is not enough here.")
}
