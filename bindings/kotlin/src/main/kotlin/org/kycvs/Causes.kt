package org.kycvs

import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicLong

/**
 * What an app's signer or replay guard threw, kept while the error that follows from it is on its way through Rust,
 * where an exception cannot go: a number travels in its place.
 *
 * Each is kept by the callback that it was thrown in, and taken by the call that the callback was part of, so that no
 * more are here than calls are under way.
 */
internal object Causes {
    private val kept = ConcurrentHashMap<Long, Throwable>()
    private val numbers = AtomicLong()

    /** How many are on their way. */
    val size: Int get() = kept.size

    /** Keeps what was thrown, under the number that is returned. */
    fun keep(thrown: Throwable): ULong {
        val number = numbers.incrementAndGet()
        kept[number] = thrown
        return number.toULong()
    }

    /** What was kept under this number, which is free after that. */
    fun take(number: ULong): Throwable =
        kept.remove(number.toLong()) ?: IllegalStateException("what was thrown is no longer known")
}
