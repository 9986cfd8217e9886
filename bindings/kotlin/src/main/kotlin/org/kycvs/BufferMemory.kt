package org.kycvs

import com.sun.jna.Memory

/**
 * The memory through which a [RustBuffer] goes to Rust: its three numbers are written there and copied from there as the
 * call begins. It is used again and again, since every piece that is allocated is work for the garbage collector and,
 * after it, for the thread that frees, which takes its time from the threads that call.
 *
 * A buffer has it from its making until it is handed over ([RustBuffer.write]), and is handed over once. What comes of
 * that waits for the next buffer of the same thread, which is not made before the call has begun and the numbers are
 * copied; another thread could come too early, so that each has some of its own, [MOST] at most, until it ends. A buffer
 * that is never handed over leaves its memory to the garbage collector.
 */
internal class BufferMemory private constructor(size: Long) : Memory(size) {
    private var owner: RustBuffer? = null

    /** Says that the numbers of `buffer` are written, and the call is about to begin. */
    fun isHandedOver(buffer: RustBuffer) {
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

        private const val MOST = 8
    }
}
