package org.kycvs

import java.security.KeyPairGenerator
import java.security.Signature
import java.time.Duration
import java.time.Instant

/** An issuer, a verifier that trusts it, and a good answer: what most tests begin with. */
class Parties(guard: ReplayGuard? = null, signer: Signer? = null) {
    val now: Instant = Instant.ofEpochSecond(1_790_000_000)
    val nonce: ByteArray = "0123456789abcdef".toByteArray()
    val key: SigningKey = SigningKey.generate()
    val issuer: Issuer =
        if (signer == null) Issuer("in.gov.cowin", key) else Issuer.withSigner("in.gov.cowin", key.verifyingKey(), signer)
    val trust: TrustStore = TrustStore(listOf(TrustedKey("in.gov.cowin", key.verifyingKey())))
    val verifier: Verifier = Verifier(trust, Policy("irctc.co.in"), guard)
    val expectation: Expectation = Expectation(nonce)

    fun answer(status: Status = Status.FULLY_VACCINATED, subject: Subject? = null): Answer =
        Answer(status, "rail-booking", Duration.ofMinutes(15), audience = "irctc.co.in", nonce = nonce, subject = subject)

    fun issued(answer: Answer = answer()): Presentation = issuer.issueAt(answer, now)

    fun verify(presentation: ByteArray = issued().toBytes(), expectation: Expectation = this.expectation): Verdict =
        verifier.verifyAt(presentation, expectation, now)
}

/** A key of the JDK's, as one that lives elsewhere. */
class JdkKey {
    private val pair = KeyPairGenerator.getInstance("Ed25519").generateKeyPair()

    /** The last 32 bytes of what the JDK writes (RFC 8410). */
    val verifyingKey: VerifyingKey = VerifyingKey.fromBytes(pair.public.encoded.takeLast(32).toByteArray())

    fun sign(message: ByteArray): ByteArray =
        Signature.getInstance("Ed25519").run { initSign(pair.private); update(message); sign() }
}

/** The exception that this throws, which must be of that type itself. */
inline fun <reified T : Throwable> thrown(call: () -> Any?): T {
    val result = try {
        call()
    } catch (error: Throwable) {
        return error as? T ?: throw AssertionError("${T::class.simpleName} was expected", error)
    }
    throw AssertionError("${T::class.simpleName} was expected, and it came to $result")
}
