@file:JvmName("Kycvs")
@file:JvmMultifileClass

package org.kycvs

import java.time.Duration
import java.time.Instant

/**
 * Checks the bytes of a presentation as [Verifier.verify] does, at the time [now] and not at the system's.
 *
 * @throws KycvsException as [Verifier.verify] does
 * @throws IllegalArgumentException where [now] is before 1970
 */
@Throws(KycvsException::class)
public fun Verifier.verifyAt(presentation: ByteArray, expectation: Expectation, now: Instant): Verdict =
    verifyAtSeconds(presentation, expectation, secondsOf(now))

/**
 * Checks a presentation in either text form as [Verifier.verifyText] does, at the time [now] and not at the system's.
 *
 * @throws KycvsException as [Verifier.verifyText] does
 * @throws IllegalArgumentException where [now] is before 1970
 */
@Throws(KycvsException::class)
public fun Verifier.verifyTextAt(text: String, expectation: Expectation, now: Instant): Verdict =
    verifyTextAtSeconds(text, expectation, secondsOf(now))

/**
 * Begins to check the bytes of a presentation as [Verifier.beginVerify] does, at the time [now] and not at the system's.
 *
 * @throws KycvsException as [Verifier.beginVerify] does
 * @throws IllegalArgumentException where [now] is before 1970
 */
@Throws(KycvsException::class)
public fun Verifier.beginVerifyAt(presentation: ByteArray, expectation: Expectation, now: Instant): PendingVerdict =
    beginVerifyAtSeconds(presentation, expectation, secondsOf(now))

/**
 * Begins to check a presentation in either text form as [Verifier.beginVerifyText] does, at the time [now] and not at the
 * system's.
 *
 * @throws KycvsException as [Verifier.beginVerifyText] does
 * @throws IllegalArgumentException where [now] is before 1970
 */
@Throws(KycvsException::class)
public fun Verifier.beginVerifyTextAt(text: String, expectation: Expectation, now: Instant): PendingVerdict =
    beginVerifyTextAtSeconds(text, expectation, secondsOf(now))

/** Until when the guard has to remember the token at least; [Instant.MAX] where that is later than an [Instant] can be. */
public val PendingVerdict.keepUntil: Instant get() = instantOf(keepUntilSeconds())

/** The time of the check; [Instant.MAX] where that is later than an [Instant] can be. */
public val PendingVerdict.now: Instant get() = instantOf(nowSeconds())

/**
 * Checks many presentations as [Verifier.verifyMany] does, at the time [now] and not at the system's.
 *
 * @throws IllegalArgumentException where [now] is before 1970
 */
public fun Verifier.verifyManyAt(presentations: List<ByteArray>, expectation: Expectation, now: Instant): List<Outcome> =
    verifyManyAtSeconds(presentations, expectation, secondsOf(now))

/**
 * Checks many presentations in either text form: for each, in order, what [Verifier.verifyText] gives. A damaged text, even a
 * string that is no text, is a failed outcome like any other. [Verifier.verifyManyTexts] in Java.
 */
@JvmSynthetic
public fun Verifier.verifyMany(texts: List<String>, expectation: Expectation): List<Outcome> =
    verifyManyTexts(texts, expectation)

/**
 * Checks many presentations in either text form, at the time [now] and not at the system's.
 *
 * @throws IllegalArgumentException where [now] is before 1970
 */
@JvmName("verifyManyTextsAt")
public fun Verifier.verifyManyAt(texts: List<String>, expectation: Expectation, now: Instant): List<Outcome> =
    verifyManyTextsAtSeconds(texts, expectation, secondsOf(now))

/** Checks many presentations in either text form, at the time [nowSeconds] in seconds since 1970. */
@JvmSynthetic
public fun Verifier.verifyManyAtSeconds(texts: List<String>, expectation: Expectation, nowSeconds: ULong): List<Outcome> =
    verifyManyTextsAtSeconds(texts, expectation, nowSeconds)

/**
 * How far the issuer's clock and this one may be apart, in whole seconds: what is over is dropped.
 *
 * @throws KycvsException `invalid_setting` where it is longer than [Policy.withClockSkewSeconds] takes
 * @throws IllegalArgumentException where it is negative
 */
@Throws(KycvsException::class)
public fun Policy.withClockSkew(clockSkew: Duration): Policy = withClockSkewSeconds(secondsOf(clockSkew))

/**
 * The longest lifetime of an answer, in whole seconds: what is over is dropped.
 *
 * @throws IllegalArgumentException where it is negative
 */
public fun Policy.withMaxLifetime(maxLifetime: Duration): Policy = withMaxLifetimeSeconds(secondsOf(maxLifetime))

/**
 * Refuses answers that may have been issued at or before [time], as `expired`. Answers that are issued within the clock skew
 * after it are refused as well. By default there is no such bound.
 *
 * Give the time of the start if the replay guard does not outlive the program, as [memoryReplayGuard]: it does not know which
 * answers were used before.
 *
 * @throws IllegalArgumentException where [time] is before 1970
 */
public fun Policy.withIssuedAfter(time: Instant): Policy = withIssuedAfterSeconds(secondsOf(time))

/**
 * For how many keys there may be tables at a time, in a verifier and in those that its [Verifier.withTrust] makes.
 * Whichever keys come first get them.
 *
 * @throws IllegalArgumentException where [maxKeys] is negative
 */
public fun Preparation.withMaxKeys(maxKeys: Int): Preparation {
    require(maxKeys >= 0) { "the number of keys is negative: say how many may have tables at a time, or 0 for none" }
    return withMaxKeys(maxKeys.toUInt())
}

/**
 * The same key, good for tokens that were issued from [notBefore] on and before [notAfter]; null is no bound. A
 * token's times are whole seconds, so that a bound within a second is the same as one at its end.
 *
 * @throws KycvsException `bad_trust_store` where the end is not after the start
 * @throws IllegalArgumentException where one of them is before 1970
 */
@Throws(KycvsException::class)
public fun TrustedKey.withValidity(notBefore: Instant?, notAfter: Instant?): TrustedKey =
    withValiditySeconds(notBefore?.let(::secondsFrom), notAfter?.let(::secondsFrom))

/** The first moment at which the key may have signed; null where it may at all times before [notAfter]. */
public val TrustedKey.notBefore: Instant? get() = notBeforeSeconds()?.let(::instantOf)

/** The first moment at which the key may no longer have signed; null where it may at all times from [notBefore] on. */
public val TrustedKey.notAfter: Instant? get() = notAfterSeconds()?.let(::instantOf)

/** When the answer was issued; [Instant.MAX] where that is later than an [Instant] can be. */
public val Verdict.issuedAt: Instant get() = instantOf(issuedAtSeconds)

/** From when on the answer is no longer good; [Instant.MAX] where that is later than an [Instant] can be. */
public val Verdict.expiresAt: Instant get() = instantOf(expiresAtSeconds)

/** Whether the person is vaccinated at least so far. */
public fun Verdict.meets(atLeast: Status): Boolean = statusMeets(status, atLeast)

/** The number that stands for it in a token: 0, 1 or 2. */
public val Status.number: Int get() = statusNumber(this).toInt()

/** What the token is said to have been issued at, **believed by nobody yet**; [Instant.MAX] where it is later than that. */
public val Claims.issuedAt: Instant get() = instantOf(issuedAtSeconds)

/** Until when the token is meant to be good, **believed by nobody yet**; [Instant.MAX] where it is later than that. */
public val Claims.expiresAt: Instant get() = instantOf(expiresAtSeconds)

/** The verdict, or the exception that [Verifier.verify] would have thrown, as the language's own result. */
public val Outcome.result: Result<Verdict>
    get() = when (this) {
        is Outcome.Good -> Result.success(verdict)
        is Outcome.Failed -> Result.failure(error)
    }

/**
 * The verdict.
 *
 * @throws KycvsException where there is none: what [Verifier.verify] would have thrown
 */
@Throws(KycvsException::class)
public fun Outcome.getOrThrow(): Verdict = when (this) {
    is Outcome.Good -> verdict
    is Outcome.Failed -> throw error
}

/**
 * A replay guard in the memory of this process, for at most [capacity] tokens at a time (130 to 240 bytes each): as many
 * as come in within the longest lifetime and the clock skew.
 *
 * It forgets what has expired. When it is full of tokens that have not, an answer is refused with
 * `replay_guard_failed` rather than one forgotten.
 *
 * @throws IllegalArgumentException where [capacity] is negative
 */
public fun memoryReplayGuard(capacity: Int): ReplayGuard {
    require(capacity >= 0) { "the capacity is negative: say how many tokens may be in use at a time" }
    return memoryReplayGuard(capacity.toUInt())
}
