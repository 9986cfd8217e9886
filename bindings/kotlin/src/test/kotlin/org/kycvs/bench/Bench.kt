/**
 * The bench program of `cargo xtask bench`: it says `ready` and what it can measure, then for each name that it reads
 * it runs one round and prints the nanoseconds of one call.
 *
 * Its argument is the case of `valid.json`, `valid/specification` where there is none.
 */
package org.kycvs.bench

import com.google.crypto.tink.subtle.Ed25519Verify
import com.nimbusds.jose.JWSAlgorithm
import com.nimbusds.jose.JWSHeader
import com.nimbusds.jose.crypto.Ed25519Signer
import com.nimbusds.jose.crypto.Ed25519Verifier
import com.nimbusds.jose.jwk.Curve
import com.nimbusds.jose.jwk.gen.OctetKeyPairGenerator
import com.nimbusds.jose.proc.SecurityContext
import com.nimbusds.jwt.JWTClaimsSet
import com.nimbusds.jwt.SignedJWT
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier
import java.security.KeyPairGenerator
import java.security.SecureRandom
import java.security.Signature
import java.util.Date
import java.util.UUID
import kotlin.concurrent.thread
import org.bouncycastle.crypto.params.Ed25519PrivateKeyParameters
import org.bouncycastle.crypto.signers.Ed25519Signer as BouncyCastleSigner
import org.kycvs.Expectation
import org.kycvs.Vectors
import org.kycvs.hex
import org.kycvs.hexOrNull
import org.kycvs.number
import org.kycvs.part
import org.kycvs.text
import org.kycvs.textOrNull

fun main(arguments: Array<String>) {
    val measured = calls(Vectors.VALID, arguments.getOrElse(0) { "valid/specification" })
    println("ready ${measured.keys.joinToString(" ")}")
    val warm = mutableSetOf<String>()
    generateSequence(::readLine).forEach { name ->
        val round = measured[name.trim()] ?: error("no such name: $name")
        if (warm.add(name)) round(WARM_UP_SECONDS)
        println("%.1f".format(java.util.Locale.ROOT, round(ROUND_SECONDS)))
    }
}

/** Runs calls for so many seconds at least, and gives the nanoseconds of one. */
private typealias Round = (seconds: Double) -> Double

private fun calls(vectors: Vectors, id: String): Map<String, Round> {
    val case = vectors.case(id)
    val verifier = vectors.verifier(case)
    val expected = case.part("expectation")
    val nonce = expected.hexOrNull("nonce")
    val purpose = expected.textOrNull("purpose")
    val expectation = Expectation(nonce, purpose)
    val presentation = case.hex("presentation")
    val now = case.number("now")
    val verify = { check(verifier.verifyAtSeconds(presentation, expectation, now).issuer.isNotEmpty()) }
    // As the README has it: every request has its own challenge. Nobody closes it; the garbage collector does.
    val anew = { check(verifier.verifyAtSeconds(presentation, Expectation(nonce, purpose), now).issuer.isNotEmpty()) }
    val message = ByteArray(SIGNED_BYTES) { it.toByte() }
    return linkedMapOf(
        "verify" to { seconds -> nanoseconds(1, seconds, verify) },
        "verify-2-threads" to { seconds -> nanoseconds(2, seconds, verify) },
        "verify-new-expectation" to alone(anew),
        "jdk-ed25519" to alone(jdk(message)),
        "bouncycastle-ed25519" to alone(bouncyCastle(message)),
        "tink-ed25519" to alone(tink(message)),
        "nimbus-eddsa" to alone(nimbus()),
    )
}

private fun alone(call: () -> Unit): Round = { seconds -> nanoseconds(1, seconds, call) }

/** The JDK's own signature check alone: no token is read, no claim looked at. */
private fun jdk(message: ByteArray): () -> Unit {
    val keys = KeyPairGenerator.getInstance("Ed25519").generateKeyPair()
    val signature = Signature.getInstance("Ed25519").run { initSign(keys.private); update(message); sign() }
    val check = Signature.getInstance("Ed25519")
    return { check.initVerify(keys.public); check.update(message); check(check.verify(signature)) }
}

private fun bouncyCastle(message: ByteArray): () -> Unit {
    val key = Ed25519PrivateKeyParameters(SecureRandom())
    val signature = BouncyCastleSigner().run { init(true, key); update(message, 0, message.size); generateSignature() }
    val public = key.generatePublicKey()
    return { check(BouncyCastleSigner().run { init(false, public); update(message, 0, message.size); verifySignature(signature) }) }
}

private fun tink(message: ByteArray): () -> Unit {
    val keys = com.google.crypto.tink.subtle.Ed25519Sign.KeyPair.newKeyPair()
    val signature = com.google.crypto.tink.subtle.Ed25519Sign(keys.privateKey).sign(message)
    val verifier = Ed25519Verify(keys.publicKey)
    return { verifier.verify(signature, message) }
}

/**
 * A signed JWT with the same content, read and checked for the same: signature, times, issuer, audience, nonce and purpose.
 * It is the usual library for what a token is elsewhere.
 */
private fun nimbus(): () -> Unit {
    val key = OctetKeyPairGenerator(Curve.Ed25519).generate()
    val fixed = JWTClaimsSet.Builder().issuer("in.gov.cowin").claim("nonce", "wMDAwMDAwMDAwMDAwMDAwA").claim("purpose", "rail-booking").build()
    val now = System.currentTimeMillis()
    val claims = JWTClaimsSet.Builder(fixed).audience("irctc.co.in").jwtID(UUID.randomUUID().toString()).claim("status", 2)
        .issueTime(Date(now)).expirationTime(Date(now + DAY_MILLISECONDS)).build()
    val text = SignedJWT(JWSHeader(JWSAlgorithm.EdDSA), claims).run { sign(Ed25519Signer(key)); serialize() }
    val verifier = Ed25519Verifier(key.toPublicJWK())
    val rules = DefaultJWTClaimsVerifier<SecurityContext>("irctc.co.in", fixed, setOf("exp"))
    return {
        val jwt = SignedJWT.parse(text)
        check(jwt.verify(verifier))
        rules.verify(jwt.jwtClaimsSet, null)
    }
}

/** The wall time of this many threads' calls, divided by all of them. */
private fun nanoseconds(threads: Int, seconds: Double, call: () -> Unit): Double {
    val start = System.nanoTime()
    val end = start + (seconds * 1e9).toLong()
    val counts = LongArray(threads)
    val run = { index: Int ->
        var count = 0L
        do {
            repeat(CALLS_AT_A_TIME) { call() }
            count += CALLS_AT_A_TIME
        } while (System.nanoTime() < end)
        counts[index] = count
    }
    if (threads == 1) run(0) else List(threads) { thread { run(it) } }.forEach(Thread::join)
    return (System.nanoTime() - start).toDouble() / counts.sum()
}

private const val ROUND_SECONDS = 0.5

/** Long enough for the JVM to have compiled what is measured. */
private const val WARM_UP_SECONDS = 3.0
private const val CALLS_AT_A_TIME = 64
private const val DAY_MILLISECONDS = 86_400_000L

/** As many as the COSE `Sig_structure` of the specification's example has. */
private const val SIGNED_BYTES = 187
