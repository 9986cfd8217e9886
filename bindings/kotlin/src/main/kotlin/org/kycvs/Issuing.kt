@file:JvmName("Kycvs")
@file:JvmMultifileClass

package org.kycvs

import java.time.Duration
import java.time.Instant

/**
 * What is to be said: [status], for [purpose], good for [validFor] from the moment that it is issued, in whole seconds
 * (what is over is dropped). `Kycvs.answer` in Java.
 *
 * By default an answer is an open pass: for anyone, without a challenge, bound to nobody. Say whom it is for
 * ([audience]) and what it answers ([nonce], 8 to 64 bytes) wherever there is a verifying entity to name. Bind it to a
 * person ([subject]) only where the verifying entity asked for it and the person was told. A [specimen] is for
 * training, and refused by every verifier that does not ask for specimens.
 *
 * ```
 * val answer = Answer(Status.FULLY_VACCINATED, "rail-booking", Duration.ofMinutes(15), audience = "irctc.co.in", nonce = nonce)
 * ```
 *
 * @throws KycvsException `invalid_claim` where a token cannot hold one of them
 * @throws IllegalArgumentException where [validFor] is negative
 */
@JvmName("answer")
@JvmOverloads
@Throws(KycvsException::class)
public fun Answer(
    status: Status,
    purpose: String,
    validFor: Duration,
    audience: String? = null,
    nonce: ByteArray? = null,
    subject: Subject? = null,
    statusList: StatusListRef? = null,
    specimen: Boolean = false,
): Answer = Answer(status, purpose, secondsOf(validFor), audience, nonce, subject, statusList, specimen)

/**
 * Issues an answer as [Issuer.issue] does, at the time [now] and not at the system's.
 *
 * @throws KycvsException as [Issuer.issue] does
 * @throws IllegalArgumentException where [now] is before 1970
 */
@Throws(KycvsException::class)
public fun Issuer.issueAt(answer: Answer, now: Instant): Presentation = issueAtSeconds(answer, secondsOf(now))

/**
 * Begins to issue an answer as [Issuer.beginIssue] does, at the time [now] and not at the system's.
 *
 * @throws KycvsException as [Issuer.beginIssue] does
 * @throws IllegalArgumentException where [now] is before 1970
 */
@Throws(KycvsException::class)
public fun Issuer.beginIssueAt(answer: Answer, now: Instant): PendingAnswer = beginIssueAtSeconds(answer, secondsOf(now))
