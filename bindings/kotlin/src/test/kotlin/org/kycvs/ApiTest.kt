package org.kycvs

import java.time.Duration
import java.time.Instant
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** What the package offers, and above all what it adds to the generated code. */
class ApiTest {
    private val parties = Parties()

    @Test
    fun `what is issued is verified, in bytes and in text, alone and among many`() {
        val presentation = parties.issued()
        val verdict = parties.verify(presentation.toBytes())
        assertEquals(
            Verdict(
                Status.FULLY_VACCINATED, "in.gov.cowin", "irctc.co.in", "rail-booking",
                parties.now.epochSecond.toULong(), parties.now.epochSecond.toULong() + 900u,
                verdict.tokenId, parties.key.verifyingKey().keyId(), hex(parties.nonce), subjectMatched = false, specimen = false,
            ),
            verdict,
        )
        for (text in listOf(presentation.toText(), presentation.toBase64url(), "  ${presentation.toText()}\n")) {
            assertEquals(verdict, parties.verifier.verifyTextAt(text, parties.expectation, parties.now))
        }
        val many = parties.verifier.verifyManyAt(listOf(presentation.toBytes()), parties.expectation, parties.now)
        assertEquals(listOf<Outcome>(Outcome.Good(verdict)), many)
        assertEquals(verdict, many.single().getOrThrow())
        assertEquals(Result.success(verdict), many.single().result)
        assertEquals(listOf<Outcome>(), parties.verifier.verifyMany(listOf(), parties.expectation))
    }

    @Test
    fun `many texts are verified, and a damaged one is one failed outcome`() {
        val presentation = parties.issued()
        val verdict = parties.verify(presentation.toBytes())
        val texts = listOf(presentation.toText(), "KV1:DAMAGED", "\uD800", "", " ${presentation.toBase64url()}\n")
        fun said(outcomes: List<Outcome>) = outcomes.map { if (it is Outcome.Failed) it.error.code else it.getOrThrow() }
        val expected = listOf(verdict, "bad_text", "bad_text", "bad_text", verdict)
        assertEquals(expected, said(parties.verifier.verifyManyAt(texts, parties.expectation, parties.now)))
        assertEquals(expected, said(parties.verifier.verifyManyAtSeconds(texts, parties.expectation, parties.now.epochSecond.toULong())))
        val now = parties.issuer.issue(parties.answer()).toText()
        val outcomes = parties.verifier.verifyMany(listOf(now, "no token"), parties.expectation)
        assertEquals(listOf(true, false), outcomes.map { it is Outcome.Good })
        assertEquals(listOf<Outcome>(), parties.verifier.verifyMany(listOf<String>(), parties.expectation))
    }

    @Test
    fun `the two steps come to what one comes to`() {
        val key = JdkKey()
        val verifier = Verifier(TrustStore(listOf(TrustedKey("in.gov.cowin", key.verifyingKey))), Policy("irctc.co.in"))
        val elsewhere = Issuer.signedElsewhere("in.gov.cowin", key.verifyingKey)
        for (issuer in listOf(elsewhere, Issuer.withSigner("in.gov.cowin", key.verifyingKey, key::sign))) {
            val pending = issuer.beginIssueAt(parties.answer(), parties.now)
            assertEquals(key.verifyingKey, pending.verifyingKey())
            val presentation = pending.finish(key.sign(pending.message()))
            val verdict = verifier.verifyAt(presentation.toBytes(), parties.expectation, parties.now)
            val begun = listOf(
                verifier.beginVerifyAt(presentation.toBytes(), parties.expectation, parties.now),
                verifier.beginVerifyTextAt(presentation.toText(), parties.expectation, parties.now),
            )
            for (one in begun) {
                assertEquals(listOf("in.gov.cowin", verdict.tokenId, parties.now), listOf(one.issuer(), one.tokenId(), one.now))
                assertTrue(one.keepUntil >= verdict.expiresAt)
                assertEquals(verdict, one.finish(true))
                // A use counts once.
                assertEquals("replayed", thrown<KycvsException.Refused> { one.finish(true) }.code)
            }
        }
        val now = parties.issuer.issue(parties.answer())
        val seen = parties.verifier.beginVerify(now.toBytes(), parties.expectation)
        assertEquals("replayed", thrown<KycvsException.Refused> { seen.finish(false) }.code)
        assertEquals(Status.FULLY_VACCINATED, parties.verifier.beginVerifyText(now.toText(), parties.expectation).finish(true).status)
        assertEquals("bad_text", thrown<KycvsException.Unreadable> { parties.verifier.beginVerifyText("\uD800", parties.expectation) }.code)
    }

    @Test
    fun `a signature that is not the key's issues nothing`() {
        val elsewhere = Issuer.signedElsewhere("in.gov.cowin", parties.key.verifyingKey())
        for (wrong in listOf(ByteArray(0), ByteArray(64), ByteArray(65), JdkKey().sign(ByteArray(1)))) {
            assertEquals("signer_failed", thrown<KycvsException.Issuing> { elsewhere.beginIssue(parties.answer()).finish(wrong) }.code)
        }
        val alone = thrown<KycvsException.Issuing> { elsewhere.issue(parties.answer()) }
        assertEquals("signer_failed" to true, alone.code to ("beginIssue" in alone.reason!!))
    }

    @Test
    fun `texts given as bytes say so in each outcome`() {
        val bytes = parties.issued().let { listOf(it.toText(), it.toBase64url()) }.map(String::toByteArray)
        val errors = parties.verifier.verifyManyAt(bytes, parties.expectation, parties.now).map { (it as Outcome.Failed).error }
        assertEquals(List(2) { "malformed" to "this is an answer's text given as bytes: give it as text" }, errors.map { it.code to it.message })
    }

    @Test
    fun `an answer that may have been issued before the restart is expired`() {
        val presentation = parties.issued().toBytes()
        fun verdict(restart: Instant) =
            runCatching { Verifier(parties.trust, Policy("irctc.co.in").withIssuedAfter(restart)).verifyAt(presentation, parties.expectation, parties.now) }
                .exceptionOrNull()?.let { (it as KycvsException).code } ?: "good"
        // The clock skew is allowed for: one minute unless set.
        assertEquals("good", verdict(parties.now.minusSeconds(61)))
        assertEquals("good", verdict(parties.now.minusNanos(60_000_000_001)))
        assertEquals("expired", verdict(parties.now.minusSeconds(60)))
        assertEquals("expired", verdict(parties.now.plusSeconds(1)))
    }

    @Test
    fun `without a time it is the system's`() {
        val presentation = parties.issuer.issue(parties.answer())
        val verdict = parties.verifier.verify(presentation.toBytes(), parties.expectation)
        assertEquals(verdict, parties.verifier.verifyText(presentation.toText(), parties.expectation))
        assertTrue(Duration.between(verdict.issuedAt, Instant.now()).abs() < Duration.ofMinutes(1))
        assertEquals(Duration.ofMinutes(15), Duration.between(verdict.issuedAt, verdict.expiresAt))
        val late = verdict.expiresAt.plusSeconds(3600)
        assertEquals("expired", thrown<KycvsException.Refused> { parties.verifier.verifyAt(presentation.toBytes(), parties.expectation, late) }.code)
    }

    @Test
    fun `statuses are in order`() {
        assertEquals(listOf(0, 1, 2), Status.entries.map { it.number })
        for (status in Status.entries) {
            val verdict = parties.verify(parties.issued(parties.answer(status)).toBytes())
            assertEquals(status, verdict.status)
            for (least in Status.entries) assertEquals(status.number >= least.number, verdict.meets(least))
        }
    }

    @Test
    fun `a person is matched, whatever the spelling`() {
        val subject = Subject("A. P. J. Abdul Kalam", "98765 43210")
        assertEquals("a p j abdul kalam" to "+919876543210", subject.name() to subject.mobile())
        val presentation = parties.issued(parties.answer(subject = subject))
        val expected = Expectation(parties.nonce, "rail-booking", Subject("a p j ABDUL kalam", "+91-98765-43210"))
        assertTrue(parties.verify(presentation.toBytes(), expected).subjectMatched)
        assertTrue(presentation.hasOpening())
        val bare = presentation.withoutOpening()
        assertFalse(bare.hasOpening())
        assertEquals("wrong_subject", thrown<KycvsException.Refused> { parties.verify(bare.toBytes(), expected) }.code)
        assertEquals("wrong_purpose", thrown<KycvsException> { parties.verify(presentation.toBytes(), Expectation(parties.nonce, "other")) }.code)
    }

    @Test
    fun `what is not verified says so`() {
        val presentation = parties.issued()
        val claims = presentation.unverifiedClaims()
        assertEquals(parties.now, claims.issuedAt)
        assertEquals(parties.now.plusSeconds(900), claims.expiresAt)
        assertEquals(parties.key.verifyingKey().keyId(), presentation.unverifiedKeyId())
        val list = StatusListRef(7u, "https://in.gov.cowin/list")
        val listed = Answer(Status.NOT_VACCINATED, "p", Duration.ofMinutes(1), statusList = list, specimen = true)
        val other = parties.issued(listed).unverifiedClaims()
        assertEquals(list to true, other.statusList to other.specimen)
    }

    /** The format's times go further than an `Instant`. */
    @Test
    fun `times past the last instant`() {
        assertEquals(Instant.MAX, instantOf(ULong.MAX_VALUE))
        assertEquals(Instant.ofEpochSecond(Instant.MAX.epochSecond), instantOf(Instant.MAX.epochSecond.toULong()))
        assertEquals(Instant.EPOCH, instantOf(0u))
        val last = parties.issuer.issueAtSeconds(parties.answer(), ULong.MAX_VALUE - 1000u)
        val verdict = parties.verifier.verifyAtSeconds(last.toBytes(), parties.expectation, ULong.MAX_VALUE - 1000u)
        assertEquals(ULong.MAX_VALUE - 100u, verdict.expiresAtSeconds)
        assertEquals(Instant.MAX, verdict.expiresAt)
        // To a guard they are the last instant.
        val times = mutableListOf<Instant>()
        val asking = Verifier(parties.trust, Policy("irctc.co.in"), { _, _, keepUntil, now -> times.addAll(listOf(keepUntil, now)) })
        asking.verifyAtSeconds(last.toBytes(), parties.expectation, ULong.MAX_VALUE - 1000u)
        assertEquals(listOf(Instant.MAX, Instant.MAX), times)
        asking.verifyAt(parties.issued().toBytes(), parties.expectation, parties.now)
        assertEquals(parties.now, times.last())
    }

    @Test
    fun `a key's bounds are to the second`() {
        val key = parties.trust.keys().single()
        assertNull(key.notBefore)
        assertNull(key.notAfter)
        fun verdict(notBefore: Instant?, notAfter: Instant?) = runCatching {
            Verifier(TrustStore(listOf(key.withValidity(notBefore, notAfter))), Policy("irctc.co.in"))
                .verifyAt(parties.issued().toBytes(), parties.expectation, parties.now)
        }.exceptionOrNull()?.let { (it as KycvsException).code } ?: "good"
        val nano = Duration.ofNanos(1)
        assertEquals("good", verdict(parties.now, parties.now + nano))
        assertEquals("key_not_valid", verdict(parties.now + nano, null))
        assertEquals("key_not_valid", verdict(null, parties.now))
        assertEquals(parties.now, key.withValidity(parties.now, null).notBefore)
        assertEquals(parties.now.plusSeconds(1), key.withValidity(null, parties.now + nano).notAfter)
    }

    @Test
    fun `a policy's spans`() {
        val presentation = parties.issued().toBytes()
        fun verifier(policy: Policy) = Verifier(parties.trust, policy)
        val early = parties.now.minusSeconds(30)
        verifier(Policy("irctc.co.in")).verifyAt(presentation, parties.expectation, early)
        val strict = verifier(Policy("irctc.co.in").withClockSkew(Duration.ofSeconds(29)))
        assertEquals("not_yet_valid", thrown<KycvsException> { strict.verifyAt(presentation, parties.expectation, early) }.code)
        val short = verifier(Policy("irctc.co.in").withMaxLifetime(Duration.ofSeconds(899)))
        assertEquals("lifetime_too_long", thrown<KycvsException> { short.verifyAt(presentation, parties.expectation, parties.now) }.code)
    }

    @Test
    fun `keys and trust stores are kept as files`() {
        val pem = parties.key.toPem()
        assertEquals(parties.key.verifyingKey(), SigningKey.fromPem(pem).verifyingKey())
        val encrypted = parties.key.toEncryptedPem("passphrase".toByteArray())
        assertEquals(parties.key.verifyingKey(), SigningKey.fromEncryptedPem(encrypted, "passphrase".toByteArray()).verifyingKey())
        assertEquals("wrong_passphrase", thrown<KycvsException.Issuing> { SigningKey.fromEncryptedPem(encrypted, ByteArray(3)) }.code)
        assertEquals("wrong_passphrase", thrown<KycvsException.Issuing> { parties.key.toEncryptedPem(ByteArray(0)) }.code)
        val store = TrustStore.fromBytes(parties.trust.toBytes())
        assertEquals(parties.trust, store)
        val imported = ImportedKeys.read(SigningKey.generate().verifyingKey().toPem().toByteArray()).keys().single()
        val both = store.withKey(TrustedKey.ofImported("another", imported, Algorithm.ED25519))
        assertEquals(listOf(Algorithm.ED25519, Algorithm.ED_DSA), both.keys().map { it.algorithm() })
        assertEquals("bad_trust_store", thrown<KycvsException> { both.withKey(both.keys().first()) }.code)
        val presentation = parties.issued().toBytes()
        assertEquals(parties.verify(presentation), parties.verifier.withTrust(both).verifyAt(presentation, parties.expectation, parties.now))
        val nobody = parties.verifier.withTrust(TrustStore())
        assertEquals("no_trusted_keys", thrown<KycvsException.SetUp> { nobody.verify(presentation, parties.expectation) }.code)
    }

    @Test
    fun `equal objects are equal, and have one hash`() {
        val presentation = parties.issued()
        val equal = listOf(
            presentation to Presentation.fromBytes(presentation.toBytes()),
            parties.key.verifyingKey() to VerifyingKey.fromBytes(parties.key.verifyingKey().toBytes()),
            parties.trust to TrustStore.fromBytes(parties.trust.toBytes()),
            parties.trust.keys().single() to parties.trust.keys().single(),
        )
        for ((one, other) in equal) {
            assertEquals(one, other)
            assertEquals(one.hashCode(), other.hashCode())
            assertEquals(1, setOf(one, other).size)
        }
        assertNotEquals(presentation, parties.issued())
        assertNotEquals(parties.key.verifyingKey(), SigningKey.generate().verifyingKey())
        assertNotEquals(parties.trust, TrustStore())
        assertNotEquals(presentation, "something else")
    }

    @Test
    fun `no secret is shown`() {
        val seed = ByteArray(32) { (it + 101).toByte() }
        val key = SigningKey.fromSeed(seed)
        val subject = Subject("Abdul Kalam", "9876543210")
        val shown = listOf(key, subject, Expectation(null, subject = subject), parties.answer(subject = subject), Issuer("x", key), parties.issued(parties.answer(subject = subject)))
        for (text in shown.map { "$it".lowercase() }) {
            assertFalse(hex(seed).take(12) in text || "kalam" in text || "98765" in text) { text }
        }
        assertEquals("SigningKey(${key.verifyingKey().keyId()})", "$key")
    }

    /** What nobody closes is freed all the same, and what it holds on to with it. */
    @Test
    fun `a verifier that nobody closes lets go of its guard`() {
        val guards = FfiConverterTypeReplayGuard.handleMap
        val before = guards.size
        repeat(50) { Parties(guard = { _, _, _, _ -> true }).verify() }
        var left = guards.size - before
        for (attempt in 1..1_200) {
            if (left <= 0) break
            System.gc()
            Thread.sleep(50)
            left = guards.size - before
        }
        assertTrue(left <= 0) { "$left guards are held on to" }
    }
}
