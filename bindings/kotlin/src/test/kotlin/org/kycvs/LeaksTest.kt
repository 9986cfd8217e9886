package org.kycvs

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class LeaksTest {
    @Test
    fun `a million calls leave the memory as it was after a hundred thousand`() {
        // A small heap that is resident from the start, so that what grows is a leak, and five percent are not much;
        // and the simpler compiler alone, since the other takes and gives back megabytes whenever it is at work.
        val options = listOf("-Xms48m", "-Xmx48m", "-XX:+AlwaysPreTouch", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
        val ended = java("org.kycvs.LeaksKt", jvm = options)
        assertEquals(0, ended.code) { "$ended" }
        val (early, late) = ended.out.trim().split(' ').map { it.toLong() }
        println("resident memory: $early pages after 100,000 calls, $late after 1,000,000")
        assertTrue(late < early * 1.05) { "it grew from $early to $late pages" }
    }
}
