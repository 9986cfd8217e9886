"""Exceptions: what they carry, and that they can be pickled."""

from __future__ import annotations

import copy
import pickle

import kycvs
import pytest
from fixtures import NONCE, NOW
from kycvs import KycvsError, Presentation, TrustStore, UnreadableError, Verifier


@pytest.fixture
def error() -> KycvsError:
    with pytest.raises(UnreadableError) as caught:
        Presentation.from_text("not a token!")
    return caught.value


def test_an_error_carries_its_code(error: KycvsError) -> None:
    assert (error.code, error.number, error.family) == ("bad_text", 2, "unreadable")
    assert str(error) == "this is neither KV1: text nor base64url: scan or paste the whole answer again"
    assert error.args == (str(error),)
    assert repr(error) == f"<UnreadableError bad_text (2): {error}>"
    assert error.__cause__ is None
    assert type(error).__module__ == "kycvs"


def test_an_error_is_pickled_and_copied(error: KycvsError) -> None:
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(again) is UnreadableError
        assert (str(again), again.code, again.number, again.family) == (
            str(error),
            error.code,
            error.number,
            error.family,
        )


def test_what_was_being_handled_stays_visible() -> None:
    with pytest.raises(UnreadableError) as caught:
        try:
            raise LookupError("the first")
        except LookupError:
            Presentation.from_text("not a token!")
    assert isinstance(caught.value.__context__, LookupError)
    assert not caught.value.__suppress_context__


def test_every_family_has_its_class() -> None:
    for name in ("UnreadableError", "UntrustedError", "RefusedError", "SetUpError", "IssuingError"):
        subclass = getattr(kycvs, name)
        assert issubclass(subclass, KycvsError)
        assert subclass.__module__ == "kycvs"
    assert not issubclass(KycvsError, (ValueError, TypeError))


@pytest.mark.parametrize("name", ["", "...", "\u200d", "a" * 129])
def test_a_name_that_is_none_is_a_fault_of_the_set_up(name: str) -> None:
    with pytest.raises(kycvs.SetUpError) as caught:
        kycvs.Subject(name)
    assert (caught.value.code, caught.value.number, caught.value.family) == ("invalid_claim", 64, "set_up")


def test_text_given_as_bytes_says_so() -> None:
    for text in (b"KV1:RRQJ6BERK/-4$894*BC.U $REF7Y$ET9E", b"\n 0oRYJKMBJwRIvl3i9LzcODoQdWFwcGxpY2F0aW9u"):
        with pytest.raises(UnreadableError, match="give it as text") as caught:
            Presentation.from_bytes(text)
        assert caught.value.code == "malformed"


def test_of_many_texts_given_as_bytes_each_says_so(verifier: Verifier, answer: Presentation) -> None:
    texts = [answer.to_text(), answer.to_base64url()]
    results = verifier.verify_many([*map(str.encode, texts), *texts], nonce=NONCE, now=NOW)
    said = [str(result) if isinstance(result, KycvsError) else "valid" for result in results]
    sentence = "this is an answer's text given as bytes: give it as text"
    assert said == [sentence, sentence, "valid", "valid"]


def test_the_set_up_is_told_before_the_answer() -> None:
    with pytest.raises(kycvs.SetUpError) as caught:
        Verifier(TrustStore(), open=True).verify("garbage", nonce=None)
    assert (caught.value.code, caught.value.number) == ("no_trusted_keys", 96)
