package org.kycvs

import java.io.File
import java.lang.ref.WeakReference
import java.time.Instant
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** A call that is not made because an argument is wrong holds on to nothing. */
class FailedArgumentsTest {
    private val parties = Parties()
    private val bytes = ByteArray(1)

    private class Guard : ReplayGuard {
        override fun firstUse(issuer: String, tokenId: String, keepUntil: Instant, now: Instant) = true
    }

    private class OwnSigner : Signer {
        override fun sign(message: ByteArray) = message
    }

    @Test
    fun `the guards and signers are let go of`() {
        val expectation = Expectation(null).also { it.close() }
        val open = Expectation(null)
        val store = TrustStore().also { it.close() }
        val answer = parties.answer().also { it.close() }
        @Suppress("UNCHECKED_CAST")
        val withNull = listOf(bytes, null) as List<ByteArray>
        @Suppress("UNCHECKED_CAST")
        val withNullText = listOf("", null) as List<String>
        val ofVerifiers = mapOf<String, (Verifier) -> Any>(
            "verify" to { it.verify(bytes, expectation) },
            "verifyAt" to { it.verifyAt(bytes, expectation, parties.now) },
            "verifyText" to { it.verifyText("", expectation) },
            "verifyTextAt" to { it.verifyTextAt("", expectation, parties.now) },
            "verifyMany" to { it.verifyMany(listOf(bytes), expectation) },
            "verifyManyAt" to { it.verifyManyAt(listOf(bytes), expectation, parties.now) },
            "verifyMany, texts" to { it.verifyMany(listOf(""), expectation) },
            "verifyManyAt, texts" to { it.verifyManyAt(listOf(""), expectation, parties.now) },
            "verifyMany, null text" to { it.verifyMany(withNullText, open) },
            "verifyMany, null" to { it.verifyMany(withNull, open) },
            "verifyManyAt, null" to { it.verifyManyAt(withNull, open, parties.now) },
            "beginVerify" to { it.beginVerify(bytes, expectation) },
            "beginVerifyTextAt" to { it.beginVerifyTextAt("", expectation, parties.now) },
            "withTrust" to { it.withTrust(store) },
        )
        val ofIssuers = mapOf<String, (Issuer) -> Any>(
            "issue" to { it.issue(answer) },
            "beginIssue" to { it.beginIssue(answer) },
            "issueAt" to { it.issueAt(answer, parties.now) },
        )
        val held = mutableListOf<Pair<String, WeakReference<Any>>>()
        for ((name, call) in ofVerifiers) repeat(TIMES) { held += name to guardOf(call) }
        for ((name, call) in ofIssuers) repeat(TIMES) { held += name to signerOf(call) }
        val end = System.nanoTime() + 60_000_000_000
        while (held.any { it.second.get() != null } && System.nanoTime() < end) {
            System.gc()
            Thread.sleep(20)
        }
        assertEquals(mapOf<String, Int>(), held.filter { it.second.get() != null }.groupingBy { it.first }.eachCount())
    }

    private fun guardOf(call: (Verifier) -> Any): WeakReference<Any> {
        val guard = Guard()
        Verifier(parties.trust, Policy("x"), guard).use { wrong { call(it) } }
        return WeakReference(guard)
    }

    private fun signerOf(call: (Issuer) -> Any): WeakReference<Any> {
        val signer = OwnSigner()
        Issuer.withSigner("i", parties.key.verifyingKey(), signer).use { wrong { call(it) } }
        return WeakReference(signer)
    }

    private fun wrong(call: () -> Any) {
        val error = thrown<RuntimeException> { call() }
        assertTrue(error is IllegalStateException || error is NullPointerException) { "$error" }
    }

    @Test
    fun `what was handed over is freed`() {
        // A small heap that is resident from the start, so that what grows is not the heap.
        val options = listOf("-Xms128m", "-Xmx128m", "-XX:+AlwaysPreTouch", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
        val ended = java("org.kycvs.FailedArgumentsKt", "memory", jvm = options)
        assertEquals(0, ended.code) { "$ended" }
        val grown = ended.out.trim().lines().associate { it.substringBeforeLast(": ") to it.substringAfterLast(": ").toInt() }
        println("megabytes after thirty calls of 2 MB: $grown")
        assertTrue(grown.size == 22) { "$grown" }
        assertEquals(mapOf<String, Int>(), grown.filterValues { it > 20 })
    }

    @Test
    fun `no secret key is left`() {
        val open = copies("open")
        assertTrue(open >= ISSUERS) { "the keys of open issuers are not found, so that nothing would be: $open" }
        val closed = copies("closed")
        println("copies of the secret key: $open with $ISSUERS open issuers, $closed after they were closed")
        assertTrue(closed < 10) { "$closed copies" }
    }

    private fun copies(mode: String): Int {
        val java = File(System.getProperty("java.home"), "bin/java").path
        val classPath = System.getProperty("java.class.path")
        val process = ProcessBuilder(java, "-Xmx64m", "-cp", classPath, "org.kycvs.FailedArgumentsKt", mode)
            .redirectError(ProcessBuilder.Redirect.INHERIT).start()
        try {
            assertEquals("ready", process.inputStream.bufferedReader().readLine())
            return copiesOfTheSeed(process.pid())
        } finally {
            process.outputStream.close()
            process.waitFor()
        }
    }

    private companion object {
        const val TIMES = 10
    }
}
