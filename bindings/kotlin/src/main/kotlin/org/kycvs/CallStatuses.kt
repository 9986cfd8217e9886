package org.kycvs

import com.sun.jna.Memory
import com.sun.jna.Pointer
import com.sun.jna.Structure
import java.util.concurrent.atomic.AtomicReferenceArray

/**
 * The memory in which Rust says how a call went, used again and again: to allocate it takes longer than many a call.
 *
 * A thread has two places of its own, or shares them with few others: one for the call, and one for those that are made
 * to hand its arguments over. It takes what is there and puts it back after the call; where nothing is there (other
 * threads' calls are under way, or calls of its own, which have come back into this code through a signer or a replay
 * guard) it makes a new one, and where there is no room to put it back the garbage collector gets it. So no more than
 * two times [PLACES] are kept, however many threads there are, virtual ones too, and no thread is held on to.
 */
internal object CallStatuses {
    private val places = AtomicReferenceArray<Memory>(PLACES * APART)
    private val size = UniffiRustCallStatus().size().toLong()

    /** Memory for the status of one call, which says that all is well. */
    fun take(): Pointer {
        val place = place()
        return places.getAndSet(place, null)
            ?: places.getAndSet(place + 1, null)
            ?: Memory(size).also { it.clear() }
    }

    /** Gives back what [take] gave. */
    fun give(status: Pointer) {
        // All of it, so that what a failed call left is not taken for what the next one says.
        if (status.getByte(0) != UNIFFI_CALL_SUCCESS) status.clear(size)
        val place = place()
        places.lazySet(if (places.get(place) == null) place else place + 1, status as Memory)
    }

    /** The status, as a structure. */
    fun read(status: Pointer): UniffiRustCallStatus =
        Structure.newInstance(UniffiRustCallStatus::class.java, status).also { it.read() }

    private fun place(): Int = (Thread.currentThread().id.toInt() and PLACES - 1) * APART

    private const val PLACES = 64

    /** So far from each other that two processors do not fight over one line of their caches. */
    private const val APART = 16
}
