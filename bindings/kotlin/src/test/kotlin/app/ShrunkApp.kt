/** A small app of somebody else's: shrunk and renamed with the rules in the jar, it has to work as before. */
package app

import java.time.Duration
import org.kycvs.Answer
import org.kycvs.Expectation
import org.kycvs.Issuer
import org.kycvs.KycvsException
import org.kycvs.Outcome
import org.kycvs.Policy
import org.kycvs.ReplayGuard
import org.kycvs.Signer
import org.kycvs.SigningKey
import org.kycvs.Status
import org.kycvs.TrustStore
import org.kycvs.TrustedKey
import org.kycvs.Verifier

fun main() {
    val nonce = ByteArray(16) { it.toByte() }
    val key = SigningKey.generate()
    val trust = TrustStore(listOf(TrustedKey("in.gov.cowin", key.verifyingKey())))
    val answer = Answer(Status.FULLY_VACCINATED, "rail-booking", Duration.ofMinutes(15), audience = "irctc.co.in", nonce = nonce)
    val presentation = Issuer("in.gov.cowin", key).issue(answer).toBytes()
    val expectation = Expectation(nonce)

    // The callbacks into the app, and back out of them an exception.
    val asked = mutableListOf<String>()
    val guard = ReplayGuard { _, tokenId, _, _ -> asked.add(tokenId) }
    val verdict = Verifier(trust, Policy("irctc.co.in"), guard).verify(presentation, expectation)
    check(verdict.status == Status.FULLY_VACCINATED && asked == listOf(verdict.tokenId))

    val broken = UnsupportedOperationException("no key store")
    val signer = Signer { throw broken }
    try {
        Issuer.withSigner("in.gov.cowin", key.verifyingKey(), signer).issue(answer)
        error("it was signed")
    } catch (error: KycvsException.Issuing) {
        check(error.cause === broken && error.code == "signer_failed")
    }
    val outcomes = Verifier(trust, Policy("another")).verifyMany(listOf(presentation), expectation)
    check((outcomes.single() as Outcome.Failed).error.code == "wrong_audience")
    println("all is well")
}
