package org.kycvs

import java.util.concurrent.Callable
import java.util.concurrent.Executors
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test

/** One verifier, shared by eight threads. */
class ThreadsTest {
    @Test
    fun `eight threads get right answers`() {
        val asked = java.util.concurrent.atomic.AtomicInteger()
        val parties = Parties(guard = { _, _, _, _ -> asked.incrementAndGet(); true })
        val good = parties.issued().toBytes()
        val bad = good.clone().also { it[it.size - 1] = (it[it.size - 1] + 1).toByte() }
        val inputs = listOf(good, bad, ByteArray(0), ByteArray(2000))
        val expected = listOf("FULLY_VACCINATED", "bad_signature", "malformed", "too_large")
        val pool = Executors.newFixedThreadPool(8)
        val answers = pool.invokeAll(
            List(8) { first ->
                Callable {
                    List(2000) { call ->
                        val which = (first + call) % inputs.size
                        val answer = try {
                            parties.verify(inputs[which]).status.name
                        } catch (error: KycvsException) {
                            error.code
                        }
                        if (answer == expected[which]) null else "$which: $answer"
                    }.filterNotNull()
                }
            },
        ).flatMap { it.get() }
        pool.shutdown()
        assertEquals(listOf<String>(), answers)
        assertEquals(8 * 2000 / inputs.size, asked.get())
    }

    @Test
    fun `of eight uses of one token at a time one wins`() {
        val parties = Parties(guard = memoryReplayGuard(100))
        val pool = Executors.newFixedThreadPool(8)
        repeat(50) {
            val presentation = parties.issued().toBytes()
            val results = pool.invokeAll(List(8) { Callable { runCatching { parties.verify(presentation) } } }).map { it.get() }
            assertEquals(1, results.count { it.isSuccess })
            assertEquals(7, results.count { (it.exceptionOrNull() as? KycvsException)?.code == "replayed" })
        }
        pool.shutdown()
    }
}
