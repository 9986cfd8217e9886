package org.kycvs

import java.time.Duration
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test

/** What a verifier may spend on being fast: how many keys get tables, and that no verdict depends on it. */
class PreparationTest {
    private val parties = Parties()
    private val other = Parties()
    private val twoKeys = TrustStore(parties.trust.keys() + other.trust.keys())
    private val verifier = Verifier(twoKeys, Policy("irctc.co.in"))

    @Test
    fun `as many keys are prepared as may be`() {
        val prepared = listOf(
            Preparation() to 2,
            Preparation.large() to 2,
            Preparation.never() to 0,
            Preparation().withMaxKeys(1) to 1,
            Preparation.large().withMaxKeys(1) to 1,
            Preparation().withMaxKeys(0) to 0,
            Preparation().withMaxKeys(UInt.MAX_VALUE) to 2,
        )
        for ((preparation, keys) in prepared) {
            val verifier = verifier.withPreparation(preparation)
            // The second time they are there. What it was made of may be closed.
            preparation.close()
            assertEquals(keys to keys, verifier.prepare() to verifier.prepare())
        }
        assertEquals(2, verifier.prepare())
        assertEquals(0, Verifier(TrustStore(), Policy("irctc.co.in")).prepare())
    }

    @Test
    fun `another trust store keeps the preparation`() {
        for ((preparation, keys) in listOf(Preparation() to 2, Preparation().withMaxKeys(1) to 1, Preparation.never() to 0)) {
            val verifier = parties.verifier.withPreparation(preparation)
            assertEquals(minOf(keys, 1), verifier.prepare())
            assertEquals(keys, verifier.withTrust(twoKeys).prepare())
        }
    }

    @Test
    fun `no verdict depends on it`() {
        val good = parties.issued().toBytes()
        val damaged = good.clone().also { it[it.size - 1] = (it.last().toInt() xor 0x10).toByte() }
        val openPass = parties.issued(Answer(Status.NOT_VACCINATED, "gate", Duration.ofMinutes(15)))
        val tokens = listOf(good, other.issued().toBytes(), openPass.toBytes(), damaged, byteArrayOf(1), Parties().issued().toBytes())
        // The verdict, or the code.
        fun said(result: Result<Verdict>): Any = result.getOrElse { (it as KycvsException).code }
        fun many(verifier: Verifier) =
            verifier.verifyManyAt(tokens, parties.expectation, parties.now).map { said(it.result) }
        fun alone(verifier: Verifier) =
            tokens.map { said(runCatching { verifier.verifyAt(it, parties.expectation, parties.now) }) }

        val expected = many(verifier)
        val keys = listOf(parties, other).map { it.key.verifyingKey().keyId() }
        assertEquals(keys, expected.take(2).map { (it as Verdict).keyId })
        assertEquals(listOf("wrong_audience", "bad_signature", "not_a_status_token", "unknown_key"), expected.drop(2))
        val preparations = listOf(Preparation(), Preparation.never(), Preparation.large(), Preparation.large().withMaxKeys(1))
        for (preparation in preparations) {
            val verifier = verifier.withPreparation(preparation)
            assertEquals(expected to expected, many(verifier) to alone(verifier))
            verifier.prepare()
            assertEquals(expected to expected, many(verifier) to alone(verifier))
        }
    }
}
