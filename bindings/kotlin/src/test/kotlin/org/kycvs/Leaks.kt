package org.kycvs

import java.io.File

/**
 * A million `verify` calls, with refusals, objects that nobody closes and guards that throw among them; prints the
 * resident memory after the first hundred thousand and after all of them, in pages. A program of its own, for the heap
 * is to be small and of one size.
 */
fun main() {
    val parties = Parties()
    val good = parties.issued().toBytes()
    val text = parties.issued().toText()
    val bad = good.clone().also { it[it.size - 1] = (it[it.size - 1] + 1).toByte() }
    val throwing = Verifier(parties.trust, Policy("irctc.co.in"), { _, _, _, _ -> error("no database") })
    val asking = Verifier(parties.trust, Policy("irctc.co.in"), { _, _, _, _ -> true })
    var early = 0L
    for (call in 1..CALLS) {
        check(parties.verify(good).status == Status.FULLY_VACCINATED)
        when (call % 20) {
            1 -> check(thrown<KycvsException> { parties.verify(bad) }.code == "bad_signature")
            2 -> check(thrown<KycvsException> { parties.verify(ByteArray(100_000)) }.code == "too_large")
            3 -> check(parties.verify(good, Expectation(parties.nonce)).nonce != null)
            4 -> check(thrown<KycvsException> { throwing.verifyAt(good, parties.expectation, parties.now) }.cause is IllegalStateException)
            5 -> check(asking.verifyManyAt(listOf(good, bad), parties.expectation, parties.now).size == 2)
            6 -> check(parties.verifier.verifyTextAt(text, parties.expectation, parties.now).specimen.not())
            7 -> check(thrown<KycvsException> { Subject("") }.code == "invalid_claim")
            8 -> check(Presentation.fromBytes(good).unverifiedClaims().issuer == "in.gov.cowin")
            9 -> check(thrown<IllegalArgumentException> { Subject(LONG_NAME, "\uD800") }.message != null)
        }
        if (call == FIRST) early = residentPages()
    }
    check(Causes.size == 0) { "${Causes.size} causes were kept" }
    println("$early ${residentPages()}")
}

private fun residentPages(): Long {
    // What is garbage here may own memory there.
    repeat(3) {
        System.gc()
        Thread.sleep(100)
    }
    return File("/proc/self/statm").readText().split(' ')[1].toLong()
}

private val LONG_NAME = "A".repeat(1000)
private const val FIRST = 100_000
private const val CALLS = 1_000_000
