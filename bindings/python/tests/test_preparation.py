"""What a verifier may spend on being fast: how many keys get tables, and that no verdict depends on it."""

from __future__ import annotations

import copy

import pytest
from fixtures import NONCE, NOW, open_passes
from kycvs import (
    Issuer,
    KycvsError,
    Preparation,
    Presentation,
    SigningKey,
    TrustStore,
    Verdict,
    Verifier,
)

OTHER = Issuer("in.gov.other", SigningKey.from_seed(bytes(32)))


@pytest.fixture(scope="module")
def two_keys(trust: TrustStore) -> TrustStore:
    return trust.with_key(OTHER.name, OTHER.verifying_key)


def test_as_many_keys_are_prepared_as_may_be(two_keys: TrustStore) -> None:
    prepared = [
        (None, 2),
        (Preparation(), 2),
        (Preparation.large(), 2),
        (Preparation.never(), 0),
        (Preparation().with_max_keys(1), 1),
        (Preparation.large().with_max_keys(1), 1),
        (Preparation.never().with_max_keys(1), 1),
        (Preparation().with_max_keys(0), 0),
        (Preparation().with_max_keys(2**64 - 1), 2),
    ]
    for preparation, keys in prepared:
        verifier = Verifier(two_keys, open=True, preparation=preparation)
        # The second time they are there.
        assert (verifier.prepare(), verifier.prepare()) == (keys, keys), preparation
    assert Verifier(two_keys, open=True).prepare() == 2
    assert Verifier(TrustStore(), open=True).prepare() == 0


def test_another_trust_store_keeps_the_preparation(trust: TrustStore, two_keys: TrustStore) -> None:
    for preparation, keys in [(Preparation(), 2), (Preparation().with_max_keys(1), 1), (Preparation.never(), 0)]:
        verifier = Verifier(trust, open=True, preparation=preparation)
        assert verifier.prepare() == min(keys, 1)
        assert verifier.with_trust(two_keys).prepare() == keys


def test_no_verdict_depends_on_it(two_keys: TrustStore, issuer: Issuer, answer: Presentation) -> None:
    damaged = bytearray(bytes(answer))
    damaged[-40] ^= 1
    stranger = Issuer(issuer.name, SigningKey.generate())
    tokens: list[Presentation | bytes | str] = [answer, answer.to_text(), bytes(damaged), b"", "no"]
    tokens += [*open_passes(issuer, 2), *open_passes(OTHER, 2), *open_passes(stranger, 1)]

    def outcomes(preparation: Preparation | None, prepared: bool) -> list[Verdict | str]:
        verifier = Verifier(two_keys, audience="irctc.co.in", open=True, preparation=preparation)
        if prepared:
            verifier.prepare()
        alone: list[Verdict | str] = []
        for token in tokens:
            try:
                alone.append(verifier.verify(token, nonce=NONCE, now=NOW))
            except KycvsError as error:
                alone.append(error.code)
        many = verifier.verify_many(tokens, nonce=NONCE, now=NOW)
        assert [one.code if isinstance(one, KycvsError) else one for one in many] == alone
        return alone

    expected = outcomes(None, False)
    assert [one if isinstance(one, str) else "good" for one in expected] == [
        *("good", "good", "bad_signature", "malformed", "bad_text"),
        *("wrong_nonce", "wrong_nonce", "wrong_nonce", "wrong_nonce", "unknown_key"),
    ]
    for preparation in (None, Preparation.never(), Preparation.large(), Preparation().with_max_keys(1)):
        for prepared in (False, True):
            assert outcomes(preparation, prepared) == expected, preparation


def test_preparations_are_equal_where_they_do_the_same() -> None:
    assert Preparation() == Preparation().with_max_keys(32) != Preparation.large()
    assert Preparation.never() == Preparation().with_max_keys(0)
    assert len({Preparation(), Preparation().with_max_keys(32), Preparation.large(), Preparation.never()}) == 3
    assert Preparation().__eq__("Preparation()") is NotImplemented


def test_a_preparation_shows_how_it_was_made() -> None:
    for made in ("Preparation()", "Preparation.never()", "Preparation.large()", "Preparation.large().with_max_keys(4)"):
        assert repr(eval(made, {"Preparation": Preparation})) == made
    assert repr(Preparation().with_max_keys(1).with_max_keys(2)) == "Preparation().with_max_keys(2)"
    large = Preparation.large()
    assert copy.copy(large) is copy.deepcopy(large) is large
