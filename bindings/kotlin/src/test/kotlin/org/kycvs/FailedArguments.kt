package org.kycvs

import java.io.File
import java.io.RandomAccessFile
import java.time.Duration

/**
 * What was made for calls that then were not made, because an argument was wrong. Programs of their own, for the memory
 * of the process is measured: `memory` prints how many megabytes it grew by, for each kind of call; `closed` and `open`
 * issue with [ISSUERS] issuers of one secret key, closing them or not, say so, and wait to be looked into.
 */
fun main(arguments: Array<String>) = when (val what = arguments.single()) {
    "memory" -> printMemory()
    else -> holdKeys(close = what == "closed")
}

private fun printMemory() {
    val parties = Parties()
    val expectation = Expectation(null).also { it.close() }
    val subject = Subject("A").also { it.close() }
    val key = SigningKey.generate().also { it.close() }
    val public = parties.key.verifyingKey()
    val closedPublic = parties.key.verifyingKey().also { it.close() }
    val bytes = ByteArray(MEGABYTES * 1_000_000)
    val text = "A".repeat(bytes.size)
    val half = "\uD800"
    val minute = Duration.ofMinutes(1)
    val no = Status.NOT_VACCINATED
    val calls = mapOf<String, () -> Any?>(
        "verify" to { parties.verifier.verify(bytes, expectation) },
        "verifyAt" to { parties.verify(bytes, expectation) },
        "verifyMany" to { parties.verifier.verifyMany(listOf(bytes), expectation) },
        "verifyManyAt" to { parties.verifier.verifyManyAt(listOf(bytes), expectation, parties.now) },
        "verifyMany, texts" to { parties.verifier.verifyMany(listOf(text), expectation) },
        "verifyManyAt, texts" to { parties.verifier.verifyManyAt(listOf(text), expectation, parties.now) },
        "verifyText" to { parties.verifier.verifyText(text, expectation) },
        "verifyTextAt" to { parties.verifier.verifyTextAt(text, expectation, parties.now) },
        "beginVerifyAt" to { parties.verifier.beginVerifyAt(bytes, expectation, parties.now) },
        "beginVerifyText" to { parties.verifier.beginVerifyText(text, expectation) },
        "Issuer, signed elsewhere" to { Issuer.signedElsewhere(text, closedPublic) },
        "Expectation, subject" to { Expectation(bytes, text, subject) },
        "Expectation, purpose" to { Expectation(bytes, half) },
        "Subject" to { Subject(text, half) },
        "Answer, audience" to { Answer(no, text, minute, half) },
        "Answer, subject" to { Answer(no, text, minute, text, bytes, subject) },
        "Answer, status list" to { Answer(no, text, minute, text, bytes, null, StatusListRef(1UL, half)) },
        "Issuer" to { Issuer(text, key) },
        "Issuer, key and signer" to { Issuer.withSigner(text, closedPublic, Signer { it }) },
        "TrustedKey" to { TrustedKey(text, closedPublic) },
        "guard" to { memoryReplayGuard(1).use { it.firstUse(text, half, parties.now, parties.now) } },
        "verifies" to { public.verifies(bytes, nullBytes()) },
    )
    for ((name, call) in calls) {
        attempt(call)
        val before = resident()
        repeat(TIMES) { attempt(call) }
        println("$name: ${(resident() - before) / 1_000_000}")
    }
}

/** As Java may give it. */
private fun nullBytes(): ByteArray {
    @Suppress("UNCHECKED_CAST")
    return (arrayOfNulls<ByteArray>(1) as Array<ByteArray>)[0]
}

private fun ReplayGuard.use(call: (ReplayGuard) -> Unit) = (this as AutoCloseable).use { call(this) }

private fun attempt(call: () -> Any?) {
    val error = try {
        call()
        null
    } catch (error: RuntimeException) {
        error
    }
    check(error is IllegalStateException || error is IllegalArgumentException || error is NullPointerException) { "$error" }
}

/** In bytes. */
private fun resident(): Long {
    System.gc()
    return File("/proc/self/statm").readText().split(' ')[1].toLong() * 4096
}

private fun holdKeys(close: Boolean) {
    val closed = Answer(Status.FULLY_VACCINATED, "p", Duration.ofMinutes(1)).also { it.close() }
    val seed = ByteArray(32) { seedByte(it) }
    val issuers = List(ISSUERS) { SigningKey.fromSeed(seed).use { Issuer("i", it) } }
    seed.fill(0)
    for (issuer in issuers) attempt { issuer.issue(closed) }
    if (close) issuers.forEach(Issuer::close)
    println("ready")
    readlnOrNull()
    // Those that are open are so until here.
    if (!close) issuers.forEach(Issuer::close)
}

private fun seedByte(index: Int): Byte = (0xA0 + index * 7).toByte()

/** How often the seed of [holdKeys] stands in the memory of a process. */
fun copiesOfTheSeed(process: Long): Int {
    var copies = 0
    RandomAccessFile("/proc/$process/mem", "r").use { memory ->
        for (line in File("/proc/$process/maps").readLines()) {
            val (range, rights) = line.split(' ')
            val (start, end) = range.split('-').map { it.toULong(16).toLong() }
            if (!rights.startsWith("rw") || end <= start || end - start > LARGEST) continue
            val bytes = ByteArray((end - start).toInt())
            try {
                memory.seek(start)
                memory.readFully(bytes)
            } catch (_: java.io.IOException) {
                // Not all that is mapped can be read.
                continue
            }
            copies += (0..bytes.size - 32).count { at -> bytes[at] == seedByte(0) && (1..31).all { bytes[at + it] == seedByte(it) } }
        }
    }
    return copies
}

const val ISSUERS = 200
private const val MEGABYTES = 2
private const val TIMES = 30
private const val LARGEST = 300_000_000
