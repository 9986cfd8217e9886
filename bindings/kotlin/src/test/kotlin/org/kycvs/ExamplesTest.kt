package org.kycvs

import java.io.File
import java.nio.file.Path
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

/** The programs that a newcomer copies, as they stand. */
class ExamplesTest {
    @Test
    fun `what the one issues the other verifies`(@TempDir folder: Path) {
        val trust = "$folder/trust.bin"
        val issued = java("IssueAnswerKt", trust, "irctc.co.in", NONCE)
        assertEquals(0, issued.code) { "$issued" }
        assertTrue(issued.out.startsWith("KV1:")) { issued.out }

        val good = java("VerifyScannedKt", trust, "irctc.co.in", NONCE, input = issued.out)
        assertEquals(0, good.code) { "$good" }
        assertTrue("in.gov.cowin says: FULLY_VACCINATED" in good.out && "Welcome." in good.out) { good.out }

        val refusals = mapOf(
            listOf(trust, "irctc.co.in", "00".repeat(16)) to "Ask for a new answer. (wrong_nonce: ",
            listOf(trust, "someone.else", NONCE) to "Ask for a new answer. (wrong_audience: ",
            listOf(trust, "irctc.co.in", "00") to "The request is not well made. (invalid_claim: ",
        )
        for ((arguments, words) in refusals) {
            val refused = java("VerifyScannedKt", *arguments.toTypedArray(), input = issued.out)
            assertEquals(1, refused.code) { "$refused" }
            assertTrue(refused.out.startsWith(words)) { refused.out }
        }
        val garbage = java("VerifyScannedKt", trust, "irctc.co.in", NONCE, input = "no token")
        assertTrue(garbage.out.startsWith("Scan it again. (bad_text: ")) { "$garbage" }
        File(trust).writeBytes(TrustStore().toBytes())
        val atFault = java("VerifyScannedKt", trust, "irctc.co.in", NONCE, input = issued.out)
        assertTrue(atFault.out.startsWith("This device is at fault")) { "$atFault" }
    }

    @Test
    fun `the blocks of the README are compiled, and run`() {
        val sources = listOf("examples/Readme.kt", "src/test/java/org/kycvs/JavaTest.java").associateWith { lines(File(it).readText()) }
        val readme = File("README.md").readText()
        val blocks = Regex("```(kotlin|java)\\n(.*?)```", RegexOption.DOT_MATCHES_ALL).findAll(readme).toList()
        assertTrue(blocks.size >= 7) { "${blocks.size} blocks" }
        for (block in blocks) {
            val (language, text) = block.destructured
            val source = sources.entries.single { it.key.endsWith(if (language == "kotlin") ".kt" else ".java") }
            assertTrue(lines(text) in source.value) { "not in ${source.key}:\n$text" }
        }
        val ended = java("ReadmeKt")
        assertEquals(0, ended.code) { "$ended" }
        assertEquals(
            listOf("Welcome.", "Admitted: FULLY_VACCINATED", "Asked: Please scan again.", "Asked:", "Asked: This is from nobody whom we know.",
                "Called: no_trusted_keys", "Admitted: FULLY_VACCINATED", "Asked:", "Asked:", "Elsewhere: FULLY_VACCINATED", "Keys with tables: 1", "Admitted: FULLY_VACCINATED",
                "Not signed: signer_failed"),
            ended.out.lines().dropLast(1).map { line -> STARTS.find(line)?.value ?: line },
        ) { "$ended" }
    }

    /** Without what the place of a block in a file adds. */
    private fun lines(text: String): String = text.lines().map(String::trim).filter(String::isNotEmpty).joinToString("\n", "\n", "\n")

    private companion object {
        /** Of a line with a sentence of the core's, or a time. */
        val STARTS = Regex("^(Welcome\\.|Asked:(?! (Please scan|This is)))")
        const val NONCE = "c0c1c2c3c4c5c6c7c8c9cacbcccdcecf"
    }
}
