"""Wrong use is a clear exception, never a crash, and names what is wrong."""

from __future__ import annotations

import array
import ctypes
import inspect
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any

import kycvs
import pytest
from fixtures import NOW
from kycvs import (
    Issuer,
    IssuingError,
    KycvsError,
    MemoryReplayGuard,
    Preparation,
    Presentation,
    SetUpError,
    SigningKey,
    Status,
    StatusListRef,
    Subject,
    TrustedKey,
    TrustStore,
    UnreadableError,
    Verifier,
    VerifyingKey,
    import_keys,
)

KEY = SigningKey.from_seed(bytes(range(32)))
PUBLIC = KEY.verifying_key
TRUST = TrustStore().with_key("in.gov.cowin", PUBLIC)
VERIFIER = Verifier(TRUST, open=True)
ISSUER = Issuer("in.gov.cowin", KEY)
HUGE = 100 * 1024 * 1024


def verify(presentation: Any = b"", **words: Any) -> object:
    return VERIFIER.verify(presentation, **{"nonce": None, "now": NOW, **words})


def issue(status: Any = Status.FULLY_VACCINATED, purpose: Any = "gate", **words: Any) -> object:
    return ISSUER.issue(status, purpose, **{"valid_for": 900, "now": NOW, **words})


class NoGuard:
    pass


Call = Callable[[Any], object]

# Each call takes one wrong argument; the message has to name the parameter.
BYTES: dict[str, Call] = {
    "presentation": lambda wrong: verify(wrong),
    "nonce": lambda wrong: verify(nonce=wrong),
    "data": VerifyingKey.from_bytes,
    "seed": SigningKey.from_seed,
    "message": KEY.sign,
    "signature": lambda wrong: PUBLIC.verifies(b"", wrong),
    "opening": Subject("Asha").commitment,
    "passphrase": KEY.to_encrypted_pem,
    "pem": SigningKey.from_pem,
    "jwk": SigningKey.from_jwk,
}
TEXT: dict[str, Call] = {
    "name": Subject,
    "mobile": lambda wrong: Subject("Asha", wrong),
    "issuer": lambda wrong: TrustedKey(wrong, PUBLIC),
    "audience": lambda wrong: Verifier(TRUST, audience=wrong),
    "purpose": lambda wrong: verify(purpose=wrong),
    "text": Presentation.from_text,
}
TIMES: dict[str, Call] = {
    "now": lambda wrong: verify(now=wrong),
    "not_before": lambda wrong: TrustedKey("issuer", PUBLIC, not_before=wrong),
    "not_after": lambda wrong: TRUST.with_key("issuer", PUBLIC, not_after=wrong),
    "keep_until": lambda wrong: MemoryReplayGuard(1).first_use("issuer", "0" * 32, wrong, 0),
}
SPANS: dict[str, Call] = {
    "clock_skew": lambda wrong: Verifier(TRUST, open=True, clock_skew=wrong),
    "max_lifetime": lambda wrong: Verifier(TRUST, open=True, max_lifetime=wrong),
    "valid_for": lambda wrong: issue(valid_for=wrong),
}
OBJECTS: dict[str, Call] = {
    "trust": lambda wrong: Verifier(wrong, open=True),
    "subject": lambda wrong: verify(subject=wrong),
    "open": lambda wrong: Verifier(TRUST, open=wrong),
    "specimen": lambda wrong: issue(specimen=wrong),
    "replay_guard": lambda wrong: Verifier(TRUST, open=True, replay_guard=wrong),
    "signer": lambda wrong: Issuer("issuer", wrong),
    "key": lambda wrong: TrustedKey("issuer", wrong),
    "keys": TrustStore,
    "algorithm": lambda wrong: TrustedKey("issuer", PUBLIC, algorithm=wrong),
    "status": lambda wrong: issue(status=wrong),
    "status_list": lambda wrong: issue(status_list=wrong),
    "at_least": lambda wrong: good().meets(wrong),
    "capacity": MemoryReplayGuard,
    "preparation": lambda wrong: Verifier(TRUST, open=True, preparation=wrong),
    "max_keys": Preparation().with_max_keys,
}


def good() -> Any:
    return verify(issue())


def wrong_arguments() -> list[Any]:
    tables: list[tuple[dict[str, Call], list[Any]]] = [
        (BYTES, [1, 1.5, [1, 2], object(), NoGuard]),
        (TEXT, [1, b"bytes", ["a"], object()]),
        (TIMES, [1.5, True, "2026", date(2026, 1, 1), timedelta(1), Decimal(1), object()]),
        (SPANS, [1.5, True, "15m", datetime(2026, 1, 1, tzinfo=timezone.utc), Decimal(1), object()]),
        (OBJECTS, ["text", 1.5, object(), NoGuard()]),
        ({"status": OBJECTS["status"], "at_least": OBJECTS["at_least"]}, [0, 2, True, None]),
        ({"open": OBJECTS["open"], "specimen": OBJECTS["specimen"]}, [0, 1, None]),
    ]
    return [
        pytest.param(name, call, wrong, id=f"{name}-{type(wrong).__name__}-{place}")
        for table, wrongs in tables
        for name, call in table.items()
        for place, wrong in enumerate(wrongs)
        if not (name in {"passphrase", "pem", "jwk", "presentation"} and isinstance(wrong, str))
    ]


@pytest.mark.parametrize(("name", "call", "wrong"), wrong_arguments())
def test_a_wrong_type_is_named(name: str, call: Call, wrong: object) -> None:
    with pytest.raises(TypeError, match=rf"\b{name}\b.*expected|argument '{name}'"):
        call(wrong)


# `None` where something has to be given.
@pytest.mark.parametrize(
    ("name", "call"),
    [
        (name, call)
        for table in (BYTES, TEXT, SPANS, OBJECTS)
        for name, call in table.items()
        if name
        not in {
            *("nonce", "mobile", "audience", "purpose", "clock_skew", "max_lifetime"),
            *("subject", "replay_guard", "preparation", "algorithm", "status_list"),
        }
    ],
)
def test_none_is_not_taken_for_something(name: str, call: Call) -> None:
    with pytest.raises(TypeError, match=rf"\b{name}\b.*expected|argument '{name}'"):
        call(None)


def test_the_nonce_has_to_be_said() -> None:
    with pytest.raises(TypeError, match="nonce"):
        VERIFIER.verify(b"")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="nonce"):
        VERIFIER.verify_many([])  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="positional"):
        VERIFIER.verify(b"", None)  # type: ignore[call-arg]
    with pytest.raises(SetUpError) as caught:
        Verifier(TRUST)
    assert caught.value.code == "invalid_setting"


@pytest.mark.parametrize("call", [pytest.param(call, id=name) for name, call in TIMES.items()])
def test_a_naive_datetime_is_no_moment(call: Call) -> None:
    with pytest.raises(ValueError, match=r"naive datetime .*\(timezone\.utc\)"):
        call(datetime(2026, 9, 21))


@pytest.mark.parametrize("call", [pytest.param(call, id=name) for name, call in TIMES.items()])
@pytest.mark.parametrize("wrong", [-1, -(2**70), datetime(1969, 12, 31, 23, 59, 59, tzinfo=timezone.utc)])
def test_there_is_no_time_before_1970(call: Call, wrong: object) -> None:
    with pytest.raises(ValueError, match="before 1970"):
        call(wrong)


@pytest.mark.parametrize("call", [pytest.param(call, id=name) for name, call in SPANS.items()])
@pytest.mark.parametrize("wrong", [-1, timedelta(microseconds=-1), timedelta.min])
def test_a_span_is_not_negative(call: Call, wrong: object) -> None:
    with pytest.raises(ValueError, match="cannot be negative"):
        call(wrong)


@pytest.mark.parametrize("call", [pytest.param(call, id=name) for name, call in {**TIMES, **SPANS}.items()])
def test_numbers_end_at_64_bits(call: Call) -> None:
    with pytest.raises(OverflowError, match=r"2\*\*64"):
        call(2**64)


def test_an_error_of_a_datetime_passes_through() -> None:
    class Broken(tzinfo):
        def utcoffset(self, moment: datetime | None, /) -> timedelta:
            raise LookupError("no such zone")

        def dst(self, moment: datetime | None, /) -> None:
            return None

        def tzname(self, moment: datetime | None, /) -> None:
            return None

    with pytest.raises(LookupError, match="no such zone"):
        verify(now=datetime(2026, 9, 21, tzinfo=Broken()))


class Index:
    """A whole number, as numpy's are."""

    def __init__(self, number: object) -> None:
        self.number = number

    def __index__(self) -> Any:
        if isinstance(self.number, BaseException):
            raise self.number
        return self.number


WHOLE: dict[str, Call] = {**TIMES, **SPANS, **{name: OBJECTS[name] for name in ("capacity", "max_keys")}}


@pytest.mark.parametrize(("name", "call"), WHOLE.items())
def test_a_whole_number_is_asked_for_once_and_what_it_raises_passes_through(name: str, call: Call) -> None:
    for error in (ZeroDivisionError("mine"), KeyboardInterrupt("mine"), MemoryError("mine")):
        with pytest.raises(type(error)) as caught:
            call(Index(error))
        assert caught.value is error
    for wrong in (Index("5"), Index(None), Index(TypeError("mine"))):
        with pytest.raises(TypeError, match=rf"{name}: expected .*, not Index") as refused:
            call(wrong)
        assert isinstance(refused.value.__cause__, TypeError)
    with pytest.raises((ValueError, OverflowError), match=name):
        call(Index(-1))


def test_an_index_is_a_number() -> None:
    assert TrustedKey("issuer", PUBLIC, not_after=Index(5)).not_after_seconds == 5  # type: ignore[arg-type]


def test_what_an_iterator_raises_passes_through() -> None:
    class Broken:
        def __iter__(self) -> Any:
            raise KeyboardInterrupt("mine")

    wrong: Any = Broken()
    for call in (TrustStore, lambda wrong: VERIFIER.verify_many(wrong, nonce=None)):
        with pytest.raises(KeyboardInterrupt, match="mine"):
            call(wrong)


def test_an_empty_store_is_asked_for_by_no_keys_and_not_by_none() -> None:
    wrong: Any = None
    with pytest.raises(TypeError, match="keys: expected an iterable of kycvs.TrustedKey, not NoneType"):
        TrustStore(wrong)
    assert TrustStore() == TrustStore(()) == TrustStore(keys=[])
    assert str(inspect.signature(TrustStore)) == "(keys=())"
    # What the signature shows is what is taken for it.
    for where in vars(kycvs).values():
        for function in (where, *(vars(where).values() if isinstance(where, type) else ())):
            try:
                parameters = inspect.signature(function).parameters.values()
            except (TypeError, ValueError):
                continue
            for parameter in parameters:
                if parameter.name in {"open", "specimen", "allow_specimen", "ignore_status_lists", "withdrawn"}:
                    assert parameter.default is False


def test_half_a_surrogate_pair_is_no_text() -> None:
    for call in (Subject, lambda wrong: verify(purpose=wrong), lambda wrong: Issuer(wrong, KEY)):
        with pytest.raises(ValueError, match="surrogate") as caught:
            call("Asha \ud800")
        # The name is not in the exception, and nor is one that has it.
        assert "Asha" not in repr(caught.value)
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None
    # What was scanned is garbage like any other, and so is a file.
    for text in ("KV1:\ud800", "\udfff"):
        with pytest.raises(UnreadableError) as unreadable:
            verify(text)
        assert unreadable.value.code == "bad_text"
        assert isinstance(VERIFIER.verify_many([text], nonce=None)[0], UnreadableError)
    with pytest.raises(IssuingError):
        SigningKey.from_pem("\ud800")
    with pytest.raises(IssuingError):
        import_keys("\ud800")


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: bytes(HUGE), id="bytes"),
        pytest.param(lambda: bytearray(HUGE), id="bytearray"),
        pytest.param(lambda: memoryview(bytearray(HUGE)), id="memoryview"),
        pytest.param(lambda: "A" * HUGE, id="str"),
        pytest.param(lambda: "अ" * (HUGE // 3), id="str-not-ascii"),
    ],
)
def test_a_hundred_megabytes_are_refused_quickly(make: Callable[[], Any]) -> None:
    huge = make()
    # Of the processor: a busy machine takes nothing of it.
    begin = time.process_time()
    with pytest.raises(UnreadableError) as caught:
        verify(huge)
    [error] = VERIFIER.verify_many([huge], nonce=None, now=NOW)
    spent = time.process_time() - begin
    assert caught.value.code == "too_large"
    assert isinstance(error, UnreadableError)
    assert spent < 5


def test_a_hundred_megabytes_are_no_key_and_no_store() -> None:
    huge: Any = b"\0" * HUGE
    calls: list[tuple[Call, str]] = [
        (TrustStore.from_bytes, "bad_trust_store"),
        (import_keys, "invalid_key"),
        (VerifyingKey.from_bytes, "invalid_key"),
        (SigningKey.from_pem, "invalid_key"),
        (Presentation.from_bytes, "too_large"),
        (lambda huge: Subject(huge.decode()), "invalid_claim"),
    ]
    for call, code in calls:
        with pytest.raises(KycvsError) as caught:
            call(huge)
        assert caught.value.code == code


def test_every_buffer_is_taken_for_its_bytes() -> None:
    answer = bytes(ISSUER.issue(Status.FULLY_VACCINATED, "gate", valid_for=900, now=NOW))
    doubled = bytes(byte for byte in answer for _ in range(2))
    wide = array.array("H", answer + b"\0" * (len(answer) % 2))
    for buffer in (
        memoryview(answer),
        memoryview(doubled)[::2],
        memoryview(answer[::-1])[::-1],
        (ctypes.c_ubyte * len(answer)).from_buffer_copy(answer),
        array.array("B", answer),
    ):
        assert verify(buffer) == verify(answer)
    assert wide.tobytes().startswith(answer)
    # One that has no bytes any longer is none, and not of a wrong type.
    released: Any = memoryview(answer)
    released.release()
    calls: list[Call] = [verify, TrustStore.from_bytes, import_keys, SigningKey.from_pem, lambda data: verify(nonce=data)]
    for call in calls:
        with pytest.raises(ValueError, match="released memoryview"):
            call(released)


def test_a_list_of_presentations_is_no_presentation() -> None:
    answer = ISSUER.issue(Status.FULLY_VACCINATED, "gate", valid_for=900, now=NOW)
    forms: list[Any] = [answer, bytes(answer), bytearray(bytes(answer)), answer.to_text()]
    for one in forms:
        with pytest.raises(TypeError, match="presentations.*verify"):
            VERIFIER.verify_many(one, nonce=None)
    with pytest.raises(TypeError, match="presentations"):
        VERIFIER.verify_many(7, nonce=None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"presentations\[1\].*not int"):
        VERIFIER.verify_many([b"", 7], nonce=None)  # type: ignore[list-item]

    def broken() -> Any:
        yield b""
        raise LookupError("the file ended")

    with pytest.raises(LookupError, match="the file ended"):
        VERIFIER.verify_many(broken(), nonce=None)


def test_what_no_token_can_hold_is_told_by_its_code() -> None:
    calls: list[Callable[[], object]] = [
        lambda: verify(nonce=b"short"),
        lambda: verify(purpose=""),
        lambda: Verifier(TRUST, audience="a" * 65),
        lambda: issue(valid_for=0),
        lambda: issue(valid_for=2**64 - 1),
        lambda: issue(nonce=bytes(65)),
        lambda: issue(audience=""),
        lambda: issue(status_list=StatusListRef(0, "")),
    ]
    for call in calls:
        with pytest.raises(SetUpError) as caught:
            call()
        assert caught.value.code == "invalid_claim"


def test_a_status_list_is_a_number_and_an_address() -> None:
    address: Any = "https://example.org"
    wrongs: list[tuple[Any, Any, type[Exception]]] = [
        ("1", address, TypeError),
        (True, address, TypeError),
        (1, 2, TypeError),
        (-1, address, ValueError),
        (2**64, address, OverflowError),
    ]
    for index, uri, error in wrongs:
        with pytest.raises(error, match=r"status_list\.(index|uri)"):
            issue(status_list=StatusListRef(index, uri))
    with pytest.raises(TypeError, match="status_list"):
        issue(status_list=(1, address))


def test_no_class_is_made_or_subclassed_where_that_is_not_meant() -> None:
    for name in ("Verdict", "Claims", "Presentation", "SigningKey", "VerifyingKey", "ImportedKey", "ImportedKeys"):
        with pytest.raises(TypeError):
            getattr(kycvs, name)()
    for base in (Verifier, Subject, TrustStore, Preparation):
        with pytest.raises(TypeError, match="not an acceptable base type"):
            type("Derived", (base,), {})


def test_a_damaged_pickle_is_an_exception() -> None:
    for arguments in ((), (9,) * 11, ("x",) * 11):
        with pytest.raises((TypeError, ValueError, OverflowError, KycvsError)):
            kycvs._kycvs._unpickle_verdict(*arguments)
    with pytest.raises(UnreadableError):
        kycvs._kycvs._unpickle_claims(b"")
    with pytest.raises(ValueError, match="no key"):
        kycvs._kycvs._unpickle_trusted_key(TrustStore().to_bytes())
    with pytest.raises(SetUpError):
        kycvs._kycvs._unpickle_trusted_key(b"")
    with pytest.raises(IssuingError):
        kycvs._kycvs._unpickle_imported_key(b"")
    wrong: Any = (PUBLIC,)
    with pytest.raises(TypeError, match="keys"):
        kycvs._kycvs._unpickle_imported_keys(wrong, 0)
