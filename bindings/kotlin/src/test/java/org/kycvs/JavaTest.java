package org.kycvs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The package as Java sees it: what Kotlin calls by extensions are static methods of {@code Kycvs}. */
class JavaTest {
    private static final byte[] NONCE = "0123456789abcdef".getBytes();

    @Test
    void issuesAndVerifies() throws KycvsException {
        PrintStream console = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        System.setOut(new PrintStream(printed, true));
        try {
            readme();
        } finally {
            System.setOut(console);
        }
        assertTrue(printed.toString().startsWith("in.gov.cowin says so, since 2"), printed::toString);
    }

    /** The block of the README. */
    private static void readme() throws KycvsException {
        try (SigningKey key = SigningKey.generate(); Issuer issuer = new Issuer("in.gov.cowin", key)) {
            Answer answer = Kycvs.answer(
                Status.FULLY_VACCINATED, "rail-booking", Duration.ofMinutes(15), "irctc.co.in", NONCE);
            String text = issuer.issue(answer).toText();

            TrustStore trust = new TrustStore(List.of(new TrustedKey("in.gov.cowin", key.verifyingKey())));
            Verifier verifier = new Verifier(trust, new Policy("irctc.co.in"), Kycvs.memoryReplayGuard(1000));
            Verdict verdict = verifier.verifyText(text, new Expectation(NONCE));
            if (Kycvs.meets(verdict, Status.FULLY_VACCINATED)) {
                System.out.println(verdict.getIssuer() + " says so, since " + Kycvs.getIssuedAt(verdict));
            }
        }
    }

    @Test
    void catchesByCodeAndFamily() throws KycvsException {
        try (Expectation expectation = new Expectation(NONCE);
                Verifier verifier = new Verifier(new TrustStore(), new Policy("irctc.co.in"))) {
            verifier.verify(new byte[3], expectation);
        } catch (KycvsException.SetUp refusal) {
            assertEquals("no_trusted_keys", refusal.getCode());
            assertEquals(96, refusal.getNumber());
            assertEquals("set_up", refusal.getFamily());
            assertTrue(refusal.getMessage().contains(" "));
            assertNull(refusal.getCause());
            return;
        }
        throw new AssertionError("it was taken");
    }

    @Test
    void signsAndRemembersWithLambdasThatThrowWhatTheyLike() throws KycvsException {
        IOException offline = new IOException("the key store is offline");
        SigningKey key = SigningKey.generate();
        Issuer issuer = Issuer.withSigner("in.gov.cowin", key.verifyingKey(), message -> {
            throw offline;
        });
        Answer answer = Kycvs.answer(Status.NOT_VACCINATED, "rail-booking", Duration.ofMinutes(15));
        assertSame(offline, assertThrows(KycvsException.Issuing.class, () -> issuer.issue(answer)).getCause());

        Issuer good = new Issuer("in.gov.cowin", key);
        Presentation presentation = Kycvs.issueAt(good, answer, Instant.ofEpochSecond(1_790_000_000));
        TrustStore trust = new TrustStore(List.of(new TrustedKey("in.gov.cowin", key.verifyingKey())));
        Policy open = Kycvs.withMaxLifetime(Kycvs.withClockSkew(new Policy(null, true), Duration.ofSeconds(5)), Duration.ofHours(1));
        Verifier verifier = new Verifier(trust, open, (issuerName, tokenId, keepUntil, now) -> {
            throw offline;
        });
        KycvsException.SetUp failure = assertThrows(KycvsException.SetUp.class, () ->
            Kycvs.verifyAt(verifier, presentation.toBytes(), new Expectation(null), Instant.ofEpochSecond(1_790_000_000)));
        assertSame(offline, failure.getCause());
    }

    @Test
    void signerThatGivesNull() throws KycvsException {
        Issuer issuer = Issuer.withSigner("x", SigningKey.generate().verifyingKey(), message -> null);
        Answer answer = Kycvs.answer(Status.NOT_VACCINATED, "rail-booking", Duration.ofMinutes(15));
        KycvsException.Issuing failure = assertThrows(KycvsException.Issuing.class, () -> issuer.issue(answer));
        assertTrue(failure.getCause() instanceof NullPointerException, () -> "" + failure.getCause());
    }

    @Test
    void outcomes() throws KycvsException {
        Verifier verifier = new Verifier(new TrustStore(), new Policy("irctc.co.in"));
        List<Outcome> outcomes = verifier.verifyMany(List.of(new byte[3]), new Expectation(null));
        assertThrows(KycvsException.SetUp.class, () -> Kycvs.getOrThrow(outcomes.get(0)));

        SigningKey key = SigningKey.generate();
        TrustStore trust = new TrustStore(List.of(new TrustedKey("x", key.verifyingKey())));
        Policy policy = Kycvs.withIssuedAfter(new Policy(null, true), Instant.now().minusSeconds(120));
        String text = new Issuer("x", key).issue(Kycvs.answer(Status.NOT_VACCINATED, "p", Duration.ofMinutes(1))).toText();
        List<Outcome> ofTexts = new Verifier(trust, policy).verifyManyTexts(List.of(text, "KV1:-"), new Expectation(null));
        assertEquals(Status.NOT_VACCINATED, Kycvs.getOrThrow(ofTexts.get(0)).getStatus());
        assertThrows(KycvsException.Unreadable.class, () -> Kycvs.getOrThrow(ofTexts.get(1)));
        List<Outcome> atATime =
            Kycvs.verifyManyTextsAt(new Verifier(trust, policy), List.of(text), new Expectation(null), Instant.now());
        assertEquals(Status.NOT_VACCINATED, Kycvs.getOrThrow(atATime.get(0)).getStatus());
    }

    @Test
    void preparesAsManyKeysAsItIsTold() throws KycvsException {
        TrustedKey one = new TrustedKey("one", SigningKey.generate().verifyingKey());
        TrustedKey other = new TrustedKey("other", SigningKey.generate().verifyingKey());
        Verifier verifier = new Verifier(new TrustStore(List.of(one, other)), new Policy("irctc.co.in"));
        assertEquals(2, verifier.withPreparation(new Preparation()).prepare());
        assertEquals(1, verifier.withPreparation(Kycvs.withMaxKeys(Preparation.large(), 1)).prepare());
        assertEquals(0, verifier.withPreparation(Preparation.never()).prepare());
    }

    @Test
    void nullIsRefused() {
        assertThrows(NullPointerException.class, () -> new Subject(null));
        assertThrows(NullPointerException.class, () -> TrustStore.fromBytes(null));
        assertThrows(NullPointerException.class, () -> new Issuer("x", null));
        assertThrows(NullPointerException.class, () -> Kycvs.withClockSkew(new Policy("x"), null));
        assertThrows(NullPointerException.class, () -> Kycvs.answer(null, "p", Duration.ofMinutes(1)));
    }
}
