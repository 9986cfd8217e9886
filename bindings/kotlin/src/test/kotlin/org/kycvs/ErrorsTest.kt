package org.kycvs

import java.io.ByteArrayOutputStream
import java.io.ObjectInputStream
import java.io.ObjectOutputStream
import java.io.PrintWriter
import java.io.StringWriter
import java.sql.SQLException
import java.time.Instant
import kotlinx.serialization.json.JsonNull
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertSame
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.params.ParameterizedTest
import org.junit.jupiter.params.provider.MethodSource

/** What an exception tells, and what an app's own signer or replay guard threw. */
class ErrorsTest {
    @Test
    fun `an exception can be written and read`() {
        val parties = Parties(guard = { _, _, _, _ -> throw SQLException("no database") })
        val error = thrown<KycvsException> { parties.verify() }
        val bytes = ByteArrayOutputStream().also { ObjectOutputStream(it).writeObject(error) }.toByteArray()
        val read = ObjectInputStream(bytes.inputStream()).readObject() as KycvsException
        assertSame(error.javaClass, read.javaClass)
        assertEquals(error.message, read.message)
        assertEquals("replay_guard_failed", read.code)
        assertEquals("no database", (read.cause as SQLException).message)
    }

    /** One refusal of each family, with what its message has to begin with. */
    @Test
    fun `each family is a class of its own, and its message is the core's sentence`() {
        val parties = Parties()
        val strangers = Parties()
        val errors = mapOf(
            "unreadable" to thrown<KycvsException.Unreadable> { parties.verify(ByteArray(3)) },
            "untrusted" to thrown<KycvsException.Untrusted> { parties.verify(strangers.issued().toBytes()) },
            "refused" to thrown<KycvsException.Refused> { parties.verify(expectation = Expectation(ByteArray(16))) },
            "set_up" to thrown<KycvsException.SetUp> {
                Verifier(TrustStore(), Policy("irctc.co.in")).verifyAt(ByteArray(3), parties.expectation, parties.now)
            },
            "issuing" to thrown<KycvsException.Issuing> { SigningKey.fromPem("") },
        )
        for ((family, error) in errors) {
            assertEquals(family, error.family)
            assertEquals(error.failure, Failure(error.code, error.number, family, error.message, null, null))
            assertIsSentence(error)
            assertNull(error.cause)
            assertNull(error.reason)
            assertEquals("${error.javaClass.name}: ${error.message}", error.toString())
        }
        assertEquals("wrong_nonce" to 15, errors.getValue("refused").run { code to number })
    }

    @Test
    fun `no case of the vectors has a message that is a dump or shows what was put in`() {
        val messages = mutableMapOf<String, String>()
        for (case in Vectors.INVALID.cases) {
            val error = thrown<KycvsException> {
                Vectors.INVALID.verifier(case)
                    .verifyAtSeconds(case.hex("presentation"), expectation(case.part("expectation")), case.number("now"))
            }
            assertIsSentence(error)
            val subject = case.part("expectation").getValue("subject")
            if (subject !is JsonNull) assertFalse(error.toString().contains("kalam", ignoreCase = true), error.toString())
            messages[error.code] = error.message
        }
        assertTrue(messages.size > 20) { "only ${messages.keys}" }
        assertEquals(messages.size, messages.values.toSet().size, "two codes with one sentence")
    }

    @ParameterizedTest
    @MethodSource("anything")
    fun `what a signer throws is the cause`(anything: Throwable) {
        val parties = Parties(signer = { throw anything })
        val error = thrown<KycvsException.Issuing> { parties.issued() }
        assertEquals("signer_failed", error.code)
        assertSame(anything, error.cause)
        assertIsSentence(error)
        assertEquals(0, Causes.size)
    }

    @ParameterizedTest
    @MethodSource("anything")
    fun `what a replay guard throws is the cause`(anything: Throwable) {
        val parties = Parties(guard = { _, _, _, _ -> throw anything })
        val error = thrown<KycvsException.SetUp> { parties.verify() }
        assertEquals("replay_guard_failed", error.code)
        assertSame(anything, error.cause)
        assertIsSentence(error)
        val trace = StringWriter().also { error.printStackTrace(PrintWriter(it)) }.toString()
        assertTrue("Caused by: ${anything.javaClass.name}" in trace) { trace }
        assertEquals(0, Causes.size)
    }

    @Test
    fun `what a replay guard throws is the cause in each of many`() {
        val errors = mutableListOf<Throwable>()
        val parties = Parties(guard = { _, _, _, _ -> throw SQLException("call ${errors.size}").also(errors::add) })
        val presentations = List(3) { parties.issued().toBytes() } + NO_CBOR
        val outcomes = parties.verifier.verifyManyAt(presentations, parties.expectation, parties.now)
        assertEquals(3, errors.size)
        for ((outcome, thrown) in outcomes zip errors) {
            assertSame(thrown, (outcome as Outcome.Failed).error.cause)
            assertSame(thrown, outcome.result.exceptionOrNull()?.cause)
        }
        val last = outcomes.last() as Outcome.Failed
        assertEquals("malformed", last.error.code)
        assertSame(last.error, thrown<KycvsException> { last.getOrThrow() })
        assertEquals(0, Causes.size)
    }

    @Test
    fun `a guard that runs out of stack is an exception and not a crash`() {
        fun deeper(depth: Int): Int = deeper(depth + 1) + 1
        val parties = Parties(guard = { _, _, _, _ -> deeper(0) > 0 })
        assertTrue(thrown<KycvsException.SetUp> { parties.verify() }.cause is StackOverflowError)
    }

    @Test
    fun `a guard may verify something itself, and what it throws is the cause`() {
        val inner = Parties()
        val outer = Parties(guard = { _, _, _, _ -> inner.verify(NO_CBOR).subjectMatched })
        val error = thrown<KycvsException.SetUp> { outer.verify() }
        assertEquals("malformed", (error.cause as KycvsException.Unreadable).code)
        val good = Parties(guard = { _, _, _, _ -> inner.verify().status == Status.FULLY_VACCINATED })
        assertEquals(Status.FULLY_VACCINATED, good.verify().status)
    }

    @Test
    fun `a signature of another length, or by another key, is none`() {
        for (length in listOf(0, 63, 65, 1_000_000)) {
            val error = thrown<KycvsException.Issuing> { Parties(signer = { ByteArray(length) }).issued() }
            assertEquals("signer_failed", error.code)
            assertIsSentence(error)
            assertTrue("64 bytes" in error.reason!!) { error.reason!! }
        }
        val byNobody = Parties(signer = { ByteArray(64) })
        assertEquals("bad_signature", thrown<KycvsException.Untrusted> { byNobody.verify() }.code)
    }

    @Test
    fun `the memory's guard refuses the second use, and says when it is full`() {
        val parties = Parties(guard = memoryReplayGuard(1))
        val first = parties.issued().toBytes()
        parties.verify(first)
        assertEquals("replayed", thrown<KycvsException.Refused> { parties.verify(first) }.code)
        val full = thrown<KycvsException.SetUp> { parties.verify() }
        assertEquals("replay_guard_failed", full.code)
        assertTrue("full" in full.reason!!) { full.reason!! }
    }

    @Test
    fun `an app can call the memory's guard itself`() {
        val memory = memoryReplayGuard(10)
        val asked = mutableListOf<String>()
        val parties = Parties(guard = { issuer, id, keepUntil, now -> asked += id; memory.firstUse(issuer, id, keepUntil, now) })
        val presentation = parties.issued().toBytes()
        val verdict = parties.verify(presentation)
        assertEquals("replayed", thrown<KycvsException.Refused> { parties.verify(presentation) }.code)
        assertEquals(listOf(verdict.tokenId, verdict.tokenId), asked)
        // What it is given is checked.
        val error = thrown<CallbackException> { memory.firstUse("x", "no id", parties.now, parties.now) }
        assertTrue(error.message!!.isNotBlank() && "reason=" !in error.message!!, error.message)
        thrown<IllegalArgumentException> { memory.firstUse("x", "00".repeat(16), parties.now, Instant.EPOCH.minusSeconds(1)) }
    }

    private fun assertIsSentence(error: KycvsException) {
        val message = error.message
        assertTrue(message.length in 15..400 && ' ' in message) { message }
        assertFalse("Failure(" in message || "failure=" in message || "code=" in message || '$' in message) { message }
    }

    companion object {
        /** The first byte of no item. */
        private val NO_CBOR = byteArrayOf(-1)

        @JvmStatic
        fun anything(): List<Throwable> = listOf(
            IllegalStateException("a mistake"),
            SQLException("a checked exception of Java"),
            InterruptedException(),
            OutOfMemoryError("an error"),
            AssertionError("another"),
            CallbackException.Unexpected("one of the package's own"),
            thrown<KycvsException> { Subject("") },
            object : Throwable("of no kind") {},
        )
    }
}
