// The blocks of the README, as they stand there; a test compares them and runs this.

import java.io.File
import java.security.KeyPairGenerator
import java.security.Signature
import java.time.Duration
import java.time.Instant
import java.util.concurrent.CompletableFuture
import kotlin.coroutines.Continuation
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.coroutines.resume
import kotlin.coroutines.startCoroutine
import kotlin.coroutines.suspendCoroutine
import org.kycvs.*

private val nonce = "sixteen bytes...".toByteArray()
private val passphrase = "correct horse battery staple".toByteArray()

private fun issue(keyFile: File): String {
    val issuer = Issuer("in.gov.cowin", SigningKey.fromEncryptedPem(keyFile.readText(), passphrase))
    val answer = Answer(
        Status.FULLY_VACCINATED,
        purpose = "rail-booking",
        validFor = Duration.ofMinutes(15),
        audience = "irctc.co.in",
        nonce = nonce,
    )
    val text = issuer.issue(answer).toText()
    return text
}

private fun verify(trustFile: File, scanned: String): Verifier {
    // Once, when the app starts: whom to believe, and who we are.
    val trust = TrustStore.fromBytes(trustFile.readBytes())
    val verifier = Verifier(trust, Policy("irctc.co.in"))

    // For every request: the challenge that was made for it, and what was scanned.
    val verdict = verifier.verifyText(scanned, Expectation(nonce))
    if (verdict.meets(Status.FULLY_VACCINATED)) {
        println("Welcome. So says ${verdict.issuer}, until ${verdict.expiresAt}.")
    }
    return verifier
}

private fun expectation(): Expectation {
    val subject = Subject("A.P.J. Abdul Kalam", mobile = "98765 43210")
    val expectation = Expectation(nonce, purpose = "rail-booking", subject = subject)
    return expectation
}

private fun handle(verifier: Verifier, scanned: String, expectation: Expectation) {
    try {
        admit(verifier.verifyText(scanned, expectation))
    } catch (refusal: KycvsException) {
        when (refusal) {
            is KycvsException.Unreadable -> ask("Please scan again.")
            is KycvsException.Untrusted -> ask("This is from nobody whom we know.")
            is KycvsException.Refused -> ask(if (refusal.code == "expired") "Please show a new answer." else refusal.message)
            is KycvsException.SetUp, is KycvsException.Issuing -> callTheAdministrator(refusal)
        }
    }
}

private fun signElsewhere(publicKey: VerifyingKey, keyStore: KeyStore): Issuer {
    val issuer = Issuer.withSigner("in.gov.cowin", publicKey, Signer { message -> keyStore.sign(message) })
    return issuer
}

private fun once(trust: TrustStore, database: Database): Verifier {
    val guard = ReplayGuard { issuer, tokenId, keepUntil, _ -> database.insertIfNew(issuer, tokenId, keepUntil) }
    val verifier = Verifier(trust, Policy("irctc.co.in"), guard)
    return verifier
}

private fun onceSinceTheStart(trust: TrustStore): Verifier {
    val policy = Policy("irctc.co.in").withIssuedAfter(Instant.now())
    val inMemory = Verifier(trust, policy, memoryReplayGuard(100_000))
    return inMemory
}

suspend fun issueElsewhere(answer: Answer, service: KeyService): Presentation {
    val pending = Issuer.signedElsewhere("in.gov.cowin", service.publicKey).beginIssue(answer)
    return pending.finish(service.sign(pending.message()))
}

suspend fun verifyOnce(verifier: Verifier, scanned: String, expectation: Expectation, database: SharedDatabase): Verdict {
    val pending = verifier.beginVerifyText(scanned, expectation)
    return pending.finish(database.insertIfNew(pending.issuer(), pending.tokenId(), pending.keepUntil))
}

private fun prepared(trust: TrustStore): Verifier {
    // Few keys, many answers, and fast from the first one on.
    val verifier = Verifier(trust, Policy("irctc.co.in")).withPreparation(Preparation.large().withMaxKeys(4))
    println("Keys with tables: ${verifier.prepare()}")
    return verifier
}

/** Stands for a key store: it makes signatures of a length that nobody wants, as some do. */
private class KeyStore {
    fun sign(message: ByteArray): ByteArray = ByteArray(message.size.coerceAtMost(63))
}

private class Database {
    private val rows = mutableSetOf<String>()

    fun insertIfNew(issuer: String, tokenId: String, keepUntil: Instant): Boolean =
        keepUntil > Instant.EPOCH && rows.add("$issuer $tokenId")
}

/** Stands for a key management service; a real one suspends until the reply is there. */
class KeyService {
    private val pair = KeyPairGenerator.getInstance("Ed25519").generateKeyPair()
    private val signature = Signature.getInstance("Ed25519").apply { initSign(pair.private) }
    val publicKey: VerifyingKey = VerifyingKey.fromBytes(pair.public.encoded.takeLast(32).toByteArray())

    suspend fun sign(message: ByteArray): ByteArray = suspendCoroutine {
        signature.update(message)
        it.resume(signature.sign())
    }
}

/** Stands for a database that is asked by suspending functions. */
class SharedDatabase {
    private val database = Database()

    suspend fun insertIfNew(issuer: String, tokenId: String, keepUntil: Instant): Boolean =
        suspendCoroutine { it.resume(database.insertIfNew(issuer, tokenId, keepUntil)) }
}

private fun waitFor(block: suspend () -> Unit) {
    val done = CompletableFuture<Unit>()
    block.startCoroutine(Continuation(EmptyCoroutineContext) { result -> result.fold(done::complete, done::completeExceptionally) })
    done.get()
}

private fun admit(verdict: Verdict) = println("Admitted: ${verdict.status}")
private fun ask(sentence: String) = println("Asked: $sentence")
private fun callTheAdministrator(error: KycvsException) = println("Called: ${error.code}")

fun main() {
    val key = SigningKey.generate()
    val keyFile = File.createTempFile("kycvs", ".pem").also { it.writeText(key.toEncryptedPem(passphrase)) }
    val trust = TrustStore(listOf(TrustedKey("in.gov.cowin", key.verifyingKey())))
    val trustFile = File.createTempFile("kycvs", ".trust").also { it.writeBytes(trust.toBytes()) }
    listOf(keyFile, trustFile).forEach(File::deleteOnExit)

    val text = issue(keyFile)
    val verifier = verify(trustFile, text)
    handle(verifier, text, Expectation(nonce))
    handle(verifier, "no token", Expectation(nonce))
    // It is about nobody, and somebody is expected.
    handle(verifier, text, expectation())
    val another = Verifier(TrustStore(listOf(TrustedKey("x", SigningKey.generate().verifyingKey()))), Policy("irctc.co.in"))
    handle(another, text, Expectation(nonce))
    handle(Verifier(TrustStore(), Policy("irctc.co.in")), text, Expectation(nonce))
    val strict = once(trust, Database())
    repeat(2) { handle(strict, text, Expectation(nonce)) }
    // It was issued before the start, or too near to it to tell.
    handle(onceSinceTheStart(trust), text, Expectation(nonce))
    waitFor {
        val answer = Answer(Status.FULLY_VACCINATED, "rail-booking", Duration.ofMinutes(1), "irctc.co.in", nonce)
        val service = KeyService()
        val elsewhere = issueElsewhere(answer, service).toText()
        val itsTrust = TrustStore(listOf(TrustedKey("in.gov.cowin", service.publicKey)))
        println("Elsewhere: ${verifyOnce(verifier.withTrust(itsTrust), elsewhere, Expectation(nonce), SharedDatabase()).status}")
    }
    handle(prepared(trust), text, Expectation(nonce))
    try {
        signElsewhere(key.verifyingKey(), KeyStore()).issue(Answer(Status.NOT_VACCINATED, "rail-booking", Duration.ofMinutes(1)))
    } catch (error: KycvsException) {
        println("Not signed: ${error.code}")
    }
}
