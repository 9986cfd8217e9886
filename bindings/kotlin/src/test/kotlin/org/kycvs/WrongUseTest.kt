package org.kycvs

import java.lang.reflect.InvocationTargetException
import java.time.Duration
import java.time.Instant
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit.SECONDS
import java.util.concurrent.atomic.AtomicInteger
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** Wrong use is an exception that says what to do, and never a crash. */
class WrongUseTest {
    private val parties = Parties()

    @Test
    fun `a negative span of time`() {
        val span = Duration.ofSeconds(-1)
        val calls = listOf<() -> Any>(
            { Policy("a").withClockSkew(span) },
            { Policy("a").withMaxLifetime(Duration.ofNanos(-1)) },
            { Answer(Status.NOT_VACCINATED, "p", span) },
            { memoryReplayGuard(-1) },
            { Preparation().withMaxKeys(-1) },
        )
        for (call in calls) assertSays(thrown<IllegalArgumentException> { call() }, "negative")
    }

    @Test
    fun `a time before 1970`() {
        val early = Instant.EPOCH.minusNanos(1)
        val calls = listOf<() -> Any>(
            { parties.verifier.verifyAt(ByteArray(1), parties.expectation, early) },
            { parties.verifier.verifyTextAt("", parties.expectation, early) },
            { parties.verifier.verifyManyAt(listOf<ByteArray>(), parties.expectation, Instant.MIN) },
            { parties.verifier.verifyManyAt(listOf<String>(), parties.expectation, Instant.MIN) },
            { Policy("a").withIssuedAfter(early) },
            { parties.issuer.issueAt(parties.answer(), early) },
            { parties.issuer.beginIssueAt(parties.answer(), early) },
            { parties.verifier.beginVerifyAt(ByteArray(1), parties.expectation, early) },
            { parties.verifier.beginVerifyTextAt("", parties.expectation, early) },
            { parties.trust.keys().single().withValidity(early, null) },
            { parties.trust.keys().single().withValidity(null, early) },
        )
        for (call in calls) assertSays(thrown<IllegalArgumentException> { call() }, "1970")
    }

    @Test
    fun `spans and times that the core does not take`() {
        assertEquals("invalid_setting", thrown<KycvsException.SetUp> { Policy("a").withClockSkew(Duration.ofDays(1)) }.code)
        assertEquals("invalid_setting", thrown<KycvsException.SetUp> { Policy("a").withClockSkew(Duration.ofSeconds(Long.MAX_VALUE)) }.code)
        assertEquals("invalid_setting", thrown<KycvsException.SetUp> { Policy() }.code)
        Policy("a").withMaxLifetime(Duration.ofSeconds(Long.MAX_VALUE)).close()
        // Less than a second is none.
        val none = Answer(Status.NOT_VACCINATED, "p", Duration.ofMillis(999))
        assertEquals("invalid_claim", thrown<KycvsException.SetUp> { parties.issuer.issue(none) }.code)
        val key = parties.trust.keys().single()
        assertEquals("bad_trust_store", thrown<KycvsException> { key.withValidity(parties.now, parties.now) }.code)
    }

    @Test
    fun `inputs of 100 megabytes`() {
        val bytes = ByteArray(100_000_000)
        val text = "A".repeat(100_000_000)
        assertEquals("too_large", thrown<KycvsException.Unreadable> { parties.verify(bytes) }.code)
        assertEquals("too_large", thrown<KycvsException.Unreadable> { parties.verifier.verifyText(text, parties.expectation) }.code)
        assertEquals("too_large", thrown<KycvsException.Unreadable> { Presentation.fromBytes(bytes) }.code)
        assertEquals("too_large", thrown<KycvsException.Unreadable> { Presentation.fromText(text) }.code)
        assertEquals("too_large", parties.verifier.verifyMany(listOf(bytes), parties.expectation).single().let { (it as Outcome.Failed).error.code })
        assertEquals("bad_trust_store", thrown<KycvsException> { TrustStore.fromBytes(bytes) }.code)
        assertEquals("invalid_key", thrown<KycvsException> { ImportedKeys.read(bytes) }.code)
        assertEquals("invalid_key", thrown<KycvsException> { VerifyingKey.fromBytes(bytes) }.code)
        assertEquals("invalid_key", thrown<KycvsException> { SigningKey.fromPem(text) }.code)
        assertEquals("invalid_claim", thrown<KycvsException> { Expectation(bytes) }.code)
        assertEquals("invalid_claim", thrown<KycvsException> { Subject(text) }.code)
        assertEquals("invalid_claim", thrown<KycvsException> { Policy(text) }.code)
        assertEquals(false, parties.key.verifyingKey().verifies(bytes, ByteArray(64)))
    }

    @Test
    fun `half of a surrogate pair`() {
        for (half in listOf("\uD800", "x\uDC00y", "KV1:\uD83D")) {
            // What was scanned is refused like any other text that is none.
            assertEquals("bad_text", thrown<KycvsException.Unreadable> { Presentation.fromText(half) }.code)
            assertEquals("bad_text", thrown<KycvsException.Unreadable> { parties.verifier.verifyText(half, parties.expectation) }.code)
            assertEquals("bad_text", thrown<KycvsException.Unreadable> { parties.verifier.verifyTextAt(half, parties.expectation, parties.now) }.code)
            // What the app itself says is a mistake of the app's.
            val calls = listOf<() -> Any>(
                { Subject(half) }, { Subject("x", half) }, { Policy(half) }, { Expectation(null, half) },
                { Issuer(half, parties.key) }, { SigningKey.fromPem(half) }, { Answer(Status.NOT_VACCINATED, half, Duration.ZERO) },
            )
            for (call in calls) assertSays(thrown<IllegalArgumentException> { call() }, "surrogate")
        }
        // A whole pair is a character.
        assertEquals("bad_text", thrown<KycvsException> { Presentation.fromText("\uD83D\uDE00") }.code)
    }

    @Test
    fun `what is closed can not be used`() {
        val presentation = parties.issued().toBytes()
        val verifier = Verifier(parties.trust, Policy("irctc.co.in"))
        verifier.use { assertEquals(Status.FULLY_VACCINATED, it.verifyAt(presentation, parties.expectation, parties.now).status) }
        verifier.close()
        assertSays(thrown<IllegalStateException> { verifier.verifyAt(presentation, parties.expectation, parties.now) }, "closed")
        assertSays(thrown<IllegalStateException> { verifier.withTrust(parties.trust) }, "closed")
        // Not as an argument either.
        val expectation = Expectation(null).also { it.close() }
        assertSays(thrown<IllegalStateException> { parties.verify(presentation, expectation) }, "closed")
        val trust = TrustStore().also { it.close() }
        assertSays(thrown<IllegalStateException> { Verifier(trust, Policy("a")) }, "closed")
        assertSays(thrown<IllegalStateException> { parties.verifier.withTrust(trust) }, "closed")
        val preparation = Preparation().also { it.close() }
        assertSays(thrown<IllegalStateException> { parties.verifier.withPreparation(preparation) }, "closed")
        val subject = Subject("A").also { it.close() }
        assertSays(thrown<IllegalStateException> { Expectation(null, subject = subject) }, "closed")
        val key = TrustedKey("a", parties.key.verifyingKey()).also { it.close() }
        assertSays(thrown<IllegalStateException> { TrustStore(listOf(key)) }, "closed")
        assertSays(thrown<IllegalStateException> { key == parties.trust.keys().single() }, "closed")
        assertSays(thrown<IllegalStateException> { parties.trust.keys().single() == key }, "closed")
        val guard = memoryReplayGuard(1).also { (it as AutoCloseable).close() }
        assertSays(thrown<IllegalStateException> { Verifier(parties.trust, Policy("a"), guard) }, "closed")
        // What a verifier was made of may be closed.
        val policy = Policy("irctc.co.in")
        val store = TrustStore(parties.trust.keys())
        val still = Verifier(store, policy)
        policy.close()
        store.close()
        assertEquals(Status.FULLY_VACCINATED, still.verifyAt(presentation, parties.expectation, parties.now).status)
    }

    @Test
    fun `closing while others verify`() {
        val presentation = parties.issued().toBytes()
        val wrong = ConcurrentLinkedQueue<Throwable>()
        val closed = AtomicInteger()
        repeat(200) {
            val verifier = Verifier(parties.trust, Policy("irctc.co.in"))
            val expectation = Expectation(parties.nonce)
            val good = CountDownLatch(2)
            val threads = List(3) {
                Thread {
                    try {
                        while (true) {
                            val verdict = verifier.verifyAt(presentation, expectation, parties.now)
                            check("in.gov.cowin" == verdict.issuer && verdict.status == Status.FULLY_VACCINATED) { "wrong: $verdict" }
                            good.countDown()
                        }
                    } catch (error: IllegalStateException) {
                        if ("has been closed" in error.message!!) closed.incrementAndGet() else wrong += error
                    } catch (error: Throwable) {
                        wrong += error
                    }
                }
            }
            threads.forEach(Thread::start)
            val begun = good.await(20, SECONDS)
            expectation.close()
            verifier.close()
            threads.forEach(Thread::join)
            assertTrue(begun) { "no calls were made before the closing: $wrong" }
        }
        assertEquals(listOf<Throwable>(), wrong.toList())
        assertEquals(600, closed.get())
    }

    /** The types forbid it in Kotlin; Java and reflection do not. */
    @Test
    fun `null where there must be a value`() {
        val verify = Verifier::class.java.getMethod("verify", ByteArray::class.java, Expectation::class.java)
        for (arguments in listOf(arrayOf(null, parties.expectation), arrayOf(ByteArray(1), null))) {
            val error = thrown<InvocationTargetException> { verify.invoke(parties.verifier, *arguments) }
            assertTrue(error.cause is NullPointerException) { "${error.cause}" }
        }
        thrown<IllegalArgumentException> { verify.invoke(parties.verifier, "text", parties.expectation) }
        val subject = Subject::class.java.getConstructor(String::class.java, String::class.java)
        assertTrue(thrown<InvocationTargetException> { subject.newInstance(null, null) }.cause is NullPointerException)
        @Suppress("UNCHECKED_CAST")
        val withNull = listOf(null) as List<TrustedKey>
        thrown<NullPointerException> { TrustStore(withNull) }
        @Suppress("UNCHECKED_CAST")
        val ofOthers = listOf("a key") as List<TrustedKey>
        thrown<ClassCastException> { TrustStore(ofOthers) }
    }

    private fun assertSays(error: Throwable, word: String) = assertTrue(word in error.message!!) { error.message }
}
