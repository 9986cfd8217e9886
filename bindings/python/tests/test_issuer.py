"""Issuing: with a key, and with a signer of the app."""

from __future__ import annotations

import copy
import gc
import pickle
import traceback
import weakref
from datetime import datetime, timedelta, timezone

import pytest
from fixtures import NONCE, NOW
from kycvs import (
    Algorithm,
    Issuer,
    IssuingError,
    Presentation,
    SigningKey,
    Status,
    StatusListRef,
    Subject,
    TrustStore,
    Verifier,
    VerifyingKey,
)


class Device:
    """Stands for a device that signs and never shows its key."""

    def __init__(self, key: SigningKey) -> None:
        self._key = key
        self.messages: list[bytes] = []

    @property
    def verifying_key(self) -> VerifyingKey:
        return self._key.verifying_key

    def sign(self, message: bytes, /) -> bytes:
        self.messages.append(message)
        return self._key.sign(message)


class Broken(Device):
    def __init__(self, error: BaseException) -> None:
        super().__init__(SigningKey.generate())
        self._error = error

    def sign(self, message: bytes, /) -> bytes:
        raise self._error


def test_everything_that_is_asked_for_is_in_the_claims(issuer: Issuer) -> None:
    now = datetime(2026, 9, 21, 14, 13, 20, tzinfo=timezone.utc)
    subject = Subject("Asha Rao")
    answer = issuer.issue(
        Status.PARTIALLY_VACCINATED,
        "rail-booking",
        valid_for=timedelta(minutes=15, microseconds=999_999),
        audience="irctc.co.in",
        nonce=NONCE,
        subject=subject,
        status_list=StatusListRef(2**64 - 1, "https://example.org/1"),
        specimen=True,
        now=now,
    )
    claims = answer.unverified_claims()
    assert claims.status is Status.PARTIALLY_VACCINATED
    assert claims.issuer == issuer.name == "in.gov.cowin"
    assert claims.audience == "irctc.co.in"
    assert claims.purpose == "rail-booking"
    assert claims.issued_at == now
    assert claims.issued_at_seconds == NOW
    assert claims.expires_at_seconds == NOW + 900
    assert claims.expires_at == now + timedelta(minutes=15)
    assert len(claims.token_id) == 32
    assert claims.key_id == issuer.verifying_key.key_id
    assert claims.algorithm is Algorithm.EDDSA
    assert claims.nonce == NONCE
    assert claims.commitment == subject.commitment(bytes(answer)[-16:])
    assert claims.status_list == StatusListRef(2**64 - 1, "https://example.org/1")
    assert claims.specimen is True
    assert pickle.loads(pickle.dumps(claims)) == claims == copy.deepcopy(claims)
    assert hash(claims) == hash(answer.without_opening().unverified_claims())
    assert "not verified" in repr(claims)


def test_an_open_pass_says_little(issuer: Issuer) -> None:
    claims = issuer.issue(Status.NOT_VACCINATED, "gate", valid_for=1, now=NOW).unverified_claims()
    assert (claims.audience, claims.nonce, claims.commitment, claims.status_list) == (None, None, None, None)
    assert claims.specimen is False


def test_a_device_signs(trust: TrustStore) -> None:
    device = Device(SigningKey.from_seed(bytes(range(32))))
    issuer = Issuer("in.gov.cowin", device)
    answer = issuer.issue(Status.FULLY_VACCINATED, "gate", valid_for=900, now=NOW)
    assert Verifier(trust, open=True).verify(answer, nonce=None, now=NOW).meets(Status.FULLY_VACCINATED)
    [message] = device.messages
    assert isinstance(message, bytes)
    assert repr(issuer) == f"Issuer('in.gov.cowin', key_id='{device.verifying_key.key_id}')"


def test_what_a_signer_raises_is_the_cause() -> None:
    error = OSError("the device was unplugged")
    with pytest.raises(IssuingError) as caught:
        Issuer("in.gov.cowin", Broken(error)).issue(Status.FULLY_VACCINATED, "gate", valid_for=900)
    assert (caught.value.code, caught.value.number) == ("signer_failed", 66)
    assert caught.value.__cause__ is error
    frames = traceback.extract_tb(error.__traceback__)
    assert frames[-1].name == "sign"
    assert "unplugged" not in str(caught.value)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3), GeneratorExit()])
def test_what_wants_to_stop_is_raised_as_it_is(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught:
        Issuer("in.gov.cowin", Broken(error)).issue(Status.FULLY_VACCINATED, "gate", valid_for=900)
    assert caught.value is error


@pytest.mark.parametrize(
    ("returned", "cause"),
    [(None, TypeError), ("text", TypeError), (b"", ValueError), (bytes(63), ValueError), (bytes(65), ValueError)],
)
def test_what_is_no_signature_is_said(returned: object, cause: type[Exception]) -> None:
    class Odd(Device):
        def sign(self, message: bytes, /) -> bytes:
            return returned  # type: ignore[return-value]

    with pytest.raises(IssuingError) as caught:
        Issuer("in.gov.cowin", Odd(SigningKey.generate())).issue(Status.FULLY_VACCINATED, "gate", valid_for=900)
    assert caught.value.code == "signer_failed"
    assert isinstance(caught.value.__cause__, cause)
    assert "sign returned" in str(caught.value.__cause__)


def test_a_signature_may_be_any_bytes(trust: TrustStore) -> None:
    class Views(Device):
        def sign(self, message: bytes, /) -> bytes:
            return memoryview(bytearray(super().sign(message)))  # type: ignore[return-value]

    issuer = Issuer("in.gov.cowin", Views(SigningKey.from_seed(bytes(range(32)))))
    answer = issuer.issue(Status.FULLY_VACCINATED, "gate", valid_for=900, now=NOW)
    Verifier(trust, open=True).verify(answer, nonce=None, now=NOW)


def test_a_signer_that_does_not_tell_its_key_has_failed() -> None:
    class Locked:
        @property
        def verifying_key(self) -> VerifyingKey:
            raise PermissionError("locked")

        def sign(self, message: bytes, /) -> bytes:
            return b""

    with pytest.raises(IssuingError) as caught:
        Issuer("in.gov.cowin", Locked())
    assert caught.value.code == "signer_failed"
    assert isinstance(caught.value.__cause__, PermissionError)


def test_a_signer_that_holds_its_issuer_is_collected() -> None:
    class Owner(Device):
        issuer: Issuer

    owner = Owner(SigningKey.generate())
    owner.issuer = Issuer("in.gov.cowin", owner)
    gone = weakref.ref(owner)
    del owner
    gc.collect()
    assert gone() is None


def test_each_token_has_its_own_id(issuer: Issuer) -> None:
    ids = {
        issuer.issue(Status.FULLY_VACCINATED, "gate", valid_for=900, now=NOW).unverified_claims().token_id
        for _ in range(100)
    }
    assert len(ids) == 100


def test_presentations_have_three_forms(answer: Presentation) -> None:
    assert bytes(answer) == answer.to_bytes()
    for again in (
        Presentation.from_bytes(bytes(answer)),
        Presentation.from_text(answer.to_text()),
        Presentation.from_text(answer.to_base64url()),
        pickle.loads(pickle.dumps(answer)),
        copy.copy(answer),
        copy.deepcopy(answer),
    ):
        assert again == answer
        assert hash(again) == hash(answer)


def test_an_opening_is_left_out_and_never_shown(answer: Presentation) -> None:
    bare = answer.without_opening()
    assert (answer.has_opening, bare.has_opening) == (True, False)
    assert bare != answer
    assert bytes(answer).startswith(bytes(bare))
    assert bare.without_opening() == bare
    assert repr(answer) == f"<Presentation: {len(bytes(answer))} bytes with its opening>"
    assert repr(bare) == f"<Presentation: {len(bytes(bare))} bytes>"
    assert str(answer) == repr(answer)
