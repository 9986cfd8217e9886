package org.kycvs

import java.io.File
import java.time.Instant
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.boolean
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive

/** One file of the published test vectors; how a case is run stands in their README. */
class Vectors(file: File) {
    val cases: List<JsonObject>
    private val trustStores: JsonObject?

    init {
        val content = Json.parseToJsonElement(file.readText()).jsonObject
        cases = content.getValue("cases").jsonArray.map { it.jsonObject }
        trustStores = content["trust_stores"]?.jsonObject
    }

    fun case(id: String): JsonObject = cases.single { it.text("id") == id }

    fun trustStore(name: String): TrustStore = TrustStore(trustStores!!.getValue(name).jsonArray.map { trustedKey(it.jsonObject) })

    /** The verifier of a case: with its trust store, its policy and, where it says so, a replay guard. */
    fun verifier(case: JsonObject): Verifier {
        val words = case.part("policy")
        val policy = Policy(
            words.textOrNull("audience"),
            words.flag("open"),
            words.flag("allow_specimen"),
            words.flag("ignore_status_lists"),
        )
            .withClockSkewSeconds(words.number("clock_skew"))
            .withMaxLifetimeSeconds(words.number("max_lifetime"))
        val seen = words.orNull("seen")?.jsonArray?.map { it.jsonObject.text("issuer") to it.jsonObject.text("token_id") }
        return Verifier(trustStore(case.text("trust")), policy, seen?.let(::HasSeen))
    }

    companion object {
        /** Beside the folder of the bindings, from wherever below that this is started. */
        private val FOLDER: File = generateSequence(File("").absoluteFile) { it.parentFile }
            .map { File(it, "test-vectors") }
            .firstOrNull(File::isDirectory) ?: error("start this in a checkout: there is no folder test-vectors above here")
        val VALID: Vectors by lazy { of("valid.json") }
        val INVALID: Vectors by lazy { of("invalid.json") }

        fun of(name: String): Vectors = Vectors(File(FOLDER, name))
    }
}

/** A guard, written in this language, that has seen just these and learns nothing. */
class HasSeen(private val seen: List<Pair<String, String>>) : ReplayGuard {
    override fun firstUse(issuer: String, tokenId: String, keepUntil: Instant, now: Instant): Boolean =
        (issuer to tokenId) !in seen
}

fun expectation(words: JsonObject): Expectation =
    Expectation(words.hexOrNull("nonce"), words.textOrNull("purpose"), words.orNull("subject")?.let { subject(it.jsonObject) })

fun subject(words: JsonObject): Subject = Subject(words.text("name"), words.textOrNull("mobile"))

private fun trustedKey(words: JsonObject): TrustedKey =
    TrustedKey(
        words.text("issuer"),
        VerifyingKey.fromBytes(words.hex("public_key")),
        algorithm(words.text("algorithm")),
        words.flag("withdrawn"),
    ).withValiditySeconds(words.numberOrNull("not_before"), words.numberOrNull("not_after"))

private fun algorithm(name: String): Algorithm = when (name) {
    "EdDSA" -> Algorithm.ED_DSA
    "Ed25519" -> Algorithm.ED25519
    else -> error("no algorithm: $name")
}

fun nameOf(algorithm: Algorithm): String = when (algorithm) {
    Algorithm.ED_DSA -> "EdDSA"
    Algorithm.ED25519 -> "Ed25519"
}

/** A verdict in the words of the vectors. */
fun asJson(verdict: Verdict): JsonObject = buildJsonObject {
    put("status", JsonPrimitive(verdict.status.number))
    put("issuer", JsonPrimitive(verdict.issuer))
    put("audience", JsonPrimitive(verdict.audience))
    put("purpose", JsonPrimitive(verdict.purpose))
    put("issued_at", exact(verdict.issuedAtSeconds))
    put("expires_at", exact(verdict.expiresAtSeconds))
    put("token_id", JsonPrimitive(verdict.tokenId))
    put("key_id", JsonPrimitive(verdict.keyId))
    put("nonce", JsonPrimitive(verdict.nonce))
    put("subject_matched", JsonPrimitive(verdict.subjectMatched))
    put("specimen", JsonPrimitive(verdict.specimen))
}

/** A failure in the words of the vectors. */
fun asJson(error: KycvsException): JsonObject = buildJsonObject {
    put("code", JsonPrimitive(error.code))
    put("number", JsonPrimitive(error.number))
    put("family", JsonPrimitive(error.family))
}

private fun exact(seconds: ULong): JsonElement = Json.parseToJsonElement(seconds.toString())

fun JsonObject.orNull(name: String): JsonElement? = getValue(name).takeIf { it !is JsonNull }
fun JsonObject.part(name: String): JsonObject = getValue(name).jsonObject
fun JsonObject.list(name: String): JsonArray = getValue(name).jsonArray
fun JsonObject.text(name: String): String = textOrNull(name) ?: error("$name is null")
fun JsonObject.textOrNull(name: String): String? = orNull(name)?.jsonPrimitive?.also { check(it.isString) }?.content
fun JsonObject.number(name: String): ULong = numberOrNull(name) ?: error("$name is null")
fun JsonObject.numberOrNull(name: String): ULong? = orNull(name)?.jsonPrimitive?.content?.toULong()
fun JsonObject.flag(name: String): Boolean = getValue(name).jsonPrimitive.boolean
fun JsonObject.hex(name: String): ByteArray = unhex(text(name))
fun JsonObject.hexOrNull(name: String): ByteArray? = textOrNull(name)?.let(::unhex)

fun unhex(text: String): ByteArray = ByteArray(text.length / 2) { text.substring(2 * it, 2 * it + 2).toInt(16).toByte() }
fun hex(bytes: ByteArray): String = bytes.joinToString("") { "%02x".format(it) }
