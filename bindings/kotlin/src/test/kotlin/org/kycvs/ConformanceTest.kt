package org.kycvs

import java.io.File
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.jsonObject
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance

/**
 * Every case of the published test vectors, through the public surface, whole results compared. Where
 * `KYCVS_CONFORMANCE_OUT` names a file, what passed is written there.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ConformanceTest {
    private val passed = linkedMapOf<String, Pair<Int, Int>>()
    private val failed = mutableListOf<String>()

    @Test
    fun `valid presentations`() = every("valid.json", ::verify)

    @Test
    fun `invalid presentations`() = every("invalid.json", ::verify)

    @Test
    fun `persons`() = every("subject.json") { _, case ->
        val subject = subject(case)
        val commitment = subject.commitment(case.hex("opening"))
        val again = Subject(subject.name(), subject.mobile())
        check(again.commitment(case.hex("opening")).contentEquals(commitment)) { "what has its normal form keeps it" }
        buildJsonObject {
            put("name", JsonPrimitive(subject.name()))
            put("mobile", JsonPrimitive(subject.mobile()))
            put("commitment", JsonPrimitive(hex(commitment)))
        }
    }

    @Test
    fun `texts`() = every("text.json") { _, case ->
        val presentation = Presentation.fromText(case.text("text"))
        for (own in listOf(presentation.toText(), presentation.toBase64url())) {
            check(Presentation.fromText(own) == presentation) { "its own text is read as another" }
        }
        buildJsonObject {
            put("presentation", JsonPrimitive(hex(presentation.toBytes())))
            put("canonical_text", JsonPrimitive(presentation.toText()))
        }
    }

    @Test
    fun `keys`() = every("keys.json") { _, case ->
        val input = case.text("input")
        when (val format = case.text("format")) {
            "raw" -> asJson(VerifyingKey.fromBytes(case.hex("input")), null)
            "public_pem" -> {
                val imported = imported(input.toByteArray(), isSet = false)
                check(asJson(VerifyingKey.fromPem(input), null) == imported) { "read alone it is another" }
                imported
            }
            "secret_pem" -> asJson(SigningKey.fromPem(input).verifyingKey(), null)
            "encrypted_pem" ->
                asJson(SigningKey.fromEncryptedPem(input, case.text("passphrase").toByteArray()).verifyingKey(), null)
            "cose_key" -> imported(case.hex("input"), isSet = false)
            "cose_key_set" -> imported(case.hex("input"), isSet = true)
            "jwk" -> imported(input.toByteArray(), isSet = false)
            "jwk_set", "public_pem_set" -> imported(input.toByteArray(), isSet = true)
            else -> error("no such form: $format")
        }
    }

    @AfterAll
    fun report() {
        // All five were run, or this is the report of a part.
        val out = System.getenv("KYCVS_CONFORMANCE_OUT") ?: return
        val files = passed.mapValues { (_, counts) ->
            JsonObject(mapOf("cases" to JsonPrimitive(counts.first), "passed" to JsonPrimitive(counts.second)))
        }
        val report = JsonObject(
            mapOf(
                "platform" to JsonPrimitive("kotlin"),
                "files" to JsonObject(files),
                "failed" to JsonArray(failed.map(::JsonPrimitive)),
            ),
        )
        File(out).writeText("$report\n")
    }

    private fun every(name: String, decide: (Vectors, JsonObject) -> JsonElement) {
        val file = Vectors.of(name)
        assertTrue(file.cases.size > 100) { "$name has only ${file.cases.size} cases" }
        val wrong = file.cases.mapNotNull { case ->
            val found = try {
                decide(file, case)
            } catch (error: KycvsException) {
                asJson(error)
            } catch (error: Exception) {
                JsonPrimitive(error.toString())
            }
            val expected = case.getValue("expected").jsonObject
            val id = case.text("id")
            if (found == expected) null else id to "$id\n  expected $expected\n  found    $found"
        }
        passed[name] = file.cases.size to file.cases.size - wrong.size
        failed += wrong.map { it.first }
        assertEquals("", wrong.joinToString("\n") { it.second })
    }

    private fun verify(file: Vectors, case: JsonObject): JsonElement {
        val verifier = file.verifier(case)
        val expectation = expectation(case.part("expectation"))
        val now = case.number("now")
        val verdict = runCatching { verifier.verifyAtSeconds(case.hex("presentation"), expectation, now) }
        // The same where it is one of many.
        val one = verifier.verifyManyAtSeconds(listOf(case.hex("presentation")), expectation, now).single().result
        check(verdict.map(::asJson).getOrElse { asJson(it as KycvsException) } == one.map(::asJson).getOrElse { asJson(it as KycvsException) }) {
            "${case.text("id")}: one of many is decided otherwise"
        }
        return JsonObject(mapOf("verdict" to asJson(verdict.getOrThrow())))
    }

    private fun imported(file: ByteArray, isSet: Boolean): JsonElement {
        val imported = ImportedKeys.read(file)
        val keys = imported.keys().map { asJson(it.key(), it.algorithm()) }
        if (!isSet && keys.size == 1 && imported.skipped() == 0u) return keys.single()
        return JsonObject(mapOf("keys" to JsonArray(keys), "skipped" to JsonPrimitive(imported.skipped().toInt())))
    }

    private fun asJson(key: VerifyingKey, algorithm: Algorithm?): JsonElement = JsonObject(
        mapOf(
            "public_key" to JsonPrimitive(hex(key.toBytes())),
            "key_id" to JsonPrimitive(key.keyId()),
            "algorithm" to (algorithm?.let { JsonPrimitive(nameOf(it)) } ?: JsonNull),
        ),
    )
}
