package org.kycvs

import com.sun.jna.Memory

/**
 * The memory through which a [RustBuffer] goes to Rust: its three numbers are written there and copied from there as the
 * call begins. It is used again and again, since every piece that is allocated is work for the garbage collector and,
 * after it, for the thread that frees, which takes its time from the threads that call.
 *
 * A buffer has it from its making until it is handed over ([RustBuffer.write]), and is handed over once. From then on it
 * is there for the next buffer that the same thread makes: a thread makes none between handing over and the beginning of
 * the call, so that the numbers are copied by then. Another thread could come before that; so each has spare memory of
 * its own, [MOST] pieces, until it ends. A buffer that is never handed over leaves its piece to the garbage collector.
 */
internal class BufferMemory private constructor(size: Long) : Memory(size) {
    private var owner: RustBuffer? = null

    /** Takes the memory from `buffer`, which is about to be written and handed to Rust. */
    fun handOver(buffer: RustBuffer) {
        // It may be another's by now, and Rust frees what it is handed.
        check(owner === buffer) { "a buffer was handed over twice" }
        owner = null
        val mine = spare.get()
        if (mine.size < MOST) mine.addLast(this)
    }

    companion object {
        private val spare = object : ThreadLocal<ArrayDeque<BufferMemory>>() {
            override fun initialValue() = ArrayDeque<BufferMemory>(MOST)
        }

        /** Memory of `size` bytes, which is the same for all, for a buffer that is being made. */
        fun of(buffer: RustBuffer, size: Int): BufferMemory {
            val memory = spare.get().removeLastOrNull() ?: BufferMemory(size.toLong())
            memory.owner = buffer
            return memory
        }

        /** A call has two or three on their way; calls that come back through a signer or a replay guard have more. */
        private const val MOST = 8
    }
}
