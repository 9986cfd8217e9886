package org.kycvs

import java.time.Duration
import java.time.Instant

/** The time that is so many seconds after 1970 began, or the last that there is an [Instant] for. */
internal fun instantOf(seconds: ULong): Instant =
    if (seconds > LAST) Instant.MAX else Instant.ofEpochSecond(seconds.toLong())

/** The second that a time lies in, counted from 1970. */
internal fun secondsOf(time: Instant): ULong {
    require(time.epochSecond >= 0) { "a time before 1970 is not one of a token's: take one from 1970 on" }
    return time.epochSecond.toULong()
}

/** The first second that begins at a time or after it, counted from 1970. */
internal fun secondsFrom(time: Instant): ULong = secondsOf(time) + if (time.nano > 0) 1UL else 0UL

/** The whole seconds of a span. */
internal fun secondsOf(span: Duration): ULong {
    require(!span.isNegative) { "a negative span of time has no meaning here: take one of zero seconds or more" }
    return span.seconds.toULong()
}

private val LAST = Instant.MAX.epochSecond.toULong()
