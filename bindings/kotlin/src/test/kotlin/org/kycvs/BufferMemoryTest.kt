package org.kycvs

import com.sun.jna.Pointer
import java.util.concurrent.Callable
import java.util.concurrent.Executors
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNotEquals
import org.junit.jupiter.api.Test

/** Memory is used again for the next buffer, and never for two at a time. */
class BufferMemoryTest {
    private val RustBuffer.address get() = Pointer.nativeValue(pointer)

    @Test
    fun `buffers of one time have memory of their own`() {
        val buffers = List(100) { RustBuffer.ByValue() }
        assertEquals(100, buffers.map { it.address }.toSet().size)
        buffers.forEach(RustBuffer::write)
        // As long as these are held, what is not used again is not free either.
        val again = List(100) { RustBuffer.ByValue() }
        assertEquals(100, again.map { it.address }.toSet().size)
        assertEquals(8, again.map { it.address }.intersect(buffers.map { it.address }.toSet()).size)
    }

    @Test
    fun `a buffer is handed over once`() {
        val first = RustBuffer.ByValue().also { it.len = 1 }
        first.write()
        val next = RustBuffer.ByValue().also { it.len = 2 }
        assertEquals(first.address, next.address)
        assertEquals("a buffer was handed over twice", thrown<IllegalStateException> { first.write() }.message)
        next.write()
        thrown<IllegalStateException> { next.write() }
        assertEquals(2, next.pointer.getLong(8))
    }

    @Test
    fun `another thread has its own`() {
        val here = RustBuffer.ByValue()
        here.write()
        val pool = Executors.newSingleThreadExecutor()
        val there = pool.submit(Callable { RustBuffer.ByValue() }).get()
        pool.shutdown()
        assertNotEquals(here.address, there.address)
    }

    /** Ten calls within each other, each of which is on its way while the next one hands its arguments over. */
    @Test
    fun `calls that come back on eight threads`() {
        val ends = listOf("good", "bad_signature", "too_large", "malformed")
        fun nested(depth: Int): List<String> {
            lateinit var inner: List<String>
            val parties = Parties(guard = { _, _, _, _ -> inner = if (depth == 0) listOf() else nested(depth - 1); true })
            val good = parties.issued().toBytes()
            val bad = good.clone().also { it[it.size - 1] = (it[it.size - 1] + 1).toByte() }
            val said = listOf(good, bad, ByteArray(2000), ByteArray(0)).map { presentation ->
                try {
                    parties.verify(presentation).run { if (purpose == "rail-booking") "good" else purpose }
                } catch (error: KycvsException) {
                    error.code
                }
            }
            return said + inner
        }
        val pool = Executors.newFixedThreadPool(8)
        val said = pool.invokeAll(List(8) { Callable { List(20) { nested(9) } } }).flatMap { it.get() }
        pool.shutdown()
        assertEquals(setOf(List(10) { ends }.flatten()), said.toSet())
    }
}
