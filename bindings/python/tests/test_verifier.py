"""Verifying: the arguments, the verdict, lists of presentations."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from datetime import datetime, timedelta, timezone

import pytest
from fixtures import NONCE, NOW, open_passes
from kycvs import (
    Issuer,
    KycvsError,
    Presentation,
    RefusedError,
    SetUpError,
    SigningKey,
    Status,
    Subject,
    TrustStore,
    Verdict,
    Verifier,
)

UTC = timezone.utc


@pytest.fixture
def verdict(verifier: Verifier, answer: Presentation) -> Verdict:
    return verifier.verify(answer, nonce=NONCE, subject=Subject("ASHA RAO", "+919876543210"), now=NOW + 1)


def test_a_verdict_says_everything(verdict: Verdict, answer: Presentation, issuer: Issuer) -> None:
    assert verdict.status is Status.FULLY_VACCINATED
    assert verdict.issuer == "in.gov.cowin"
    assert verdict.audience == "irctc.co.in"
    assert verdict.purpose == "rail-booking"
    assert verdict.issued_at == datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC)
    assert verdict.issued_at.tzinfo is UTC
    assert verdict.issued_at_seconds == NOW
    assert verdict.expires_at - verdict.issued_at == timedelta(minutes=15)
    assert verdict.expires_at_seconds == NOW + 900
    assert verdict.token_id == answer.unverified_claims().token_id
    assert verdict.key_id == issuer.verifying_key.key_id
    assert verdict.nonce == NONCE
    assert verdict.subject_matched is True
    assert verdict.specimen is False


def test_meets_compares_the_status(issuer: Issuer, trust: TrustStore) -> None:
    verifier = Verifier(trust, open=True)
    for status in Status:
        answer = issuer.issue(status, "gate", valid_for=900, now=NOW)
        verdict = verifier.verify(answer, nonce=None, now=NOW)
        assert [verdict.meets(wanted) for wanted in Status] == [wanted <= status for wanted in Status]


def test_a_verdict_cannot_be_changed_or_made(verdict: Verdict) -> None:
    with pytest.raises(AttributeError):
        verdict.status = Status.NOT_VACCINATED  # type: ignore[misc]
    with pytest.raises(AttributeError):
        verdict.other = 1  # type: ignore[attr-defined]
    with pytest.raises(TypeError):
        Verdict()


def test_verdicts_are_equal_where_all_is(verifier: Verifier, answer: Presentation, verdict: Verdict) -> None:
    again = verifier.verify(answer, nonce=NONCE, subject=Subject("asha rao", "9876543210"), now=NOW)
    assert again == verdict
    assert hash(again) == hash(verdict)
    unmatched = verifier.verify(answer, nonce=NONCE, now=NOW)
    assert unmatched != verdict
    assert len({again, verdict, unmatched}) == 2
    assert verdict != "something else"


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_verdict_is_pickled_and_copied(verdict: Verdict, protocol: int) -> None:
    for again in (pickle.loads(pickle.dumps(verdict, protocol)), copy.copy(verdict), copy.deepcopy(verdict)):
        assert again == verdict
        assert repr(again) == repr(verdict)


def test_the_repr_of_a_verdict_helps(verdict: Verdict) -> None:
    shown = repr(verdict)
    assert shown.startswith("Verdict(status=<Status.FULLY_VACCINATED: 2>, issuer='in.gov.cowin', ")
    assert "expires_at=2026-09-21T14:28:20+00:00" in shown
    assert "subject_matched=True" in shown


def test_times_past_the_year_9999_are_whole_seconds(issuer: Issuer, trust: TrustStore) -> None:
    end = 2**64 - 1
    answer = issuer.issue(Status.FULLY_VACCINATED, "gate", valid_for=end - NOW, now=NOW)
    verdict = Verifier(trust, open=True, max_lifetime=end).verify(answer, nonce=None, now=NOW)
    assert verdict.expires_at_seconds == end
    assert str(end) in repr(verdict)
    with pytest.raises(OverflowError, match="expires_at_seconds"):
        _ = verdict.expires_at
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    for seconds, good in [(int(last.timestamp()), True), (int(last.timestamp()) + 1, False)]:
        answer = issuer.issue(Status.FULLY_VACCINATED, "gate", valid_for=seconds - NOW, now=NOW)
        verdict = Verifier(trust, open=True, max_lifetime=end).verify(answer, nonce=None, now=NOW)
        if good:
            assert verdict.expires_at == last
        else:
            with pytest.raises(OverflowError):
                _ = verdict.expires_at


def test_now_is_now_unless_given(issuer: Issuer, trust: TrustStore) -> None:
    verifier = Verifier(trust, open=True)
    answer = issuer.issue(Status.FULLY_VACCINATED, "gate", valid_for=900)
    verdict = verifier.verify(answer, nonce=None)
    assert abs(verdict.issued_at - datetime.now(UTC)) < timedelta(minutes=1)
    with pytest.raises(RefusedError) as caught:
        verifier.verify(answer, nonce=None, now=datetime.now(UTC) + timedelta(hours=1))
    assert caught.value.code == "expired"


def test_a_time_is_the_same_in_every_zone(verifier: Verifier, answer: Presentation) -> None:
    india = timezone(timedelta(hours=5, minutes=30))
    # Within the skew of a minute after its fifteen, and just not; a fraction of a second does not count.
    moments = [datetime.fromtimestamp(NOW + 900 + after, india).replace(microsecond=999_999) for after in (59, 60)]
    verifier.verify(answer, nonce=NONCE, now=moments[0])
    with pytest.raises(RefusedError):
        verifier.verify(answer, nonce=NONCE, now=moments[1])


def test_settings_are_spans_or_seconds(issuer: Issuer, trust: TrustStore) -> None:
    answer = issuer.issue(Status.FULLY_VACCINATED, "gate", valid_for=timedelta(hours=1), now=NOW)
    for lifetime in (timedelta(hours=1), 3600):
        Verifier(trust, open=True, max_lifetime=lifetime).verify(answer, nonce=None, now=NOW)
    for lifetime in (timedelta(minutes=59, seconds=59, microseconds=999_999), 3599):
        with pytest.raises(RefusedError) as caught:
            Verifier(trust, open=True, max_lifetime=lifetime).verify(answer, nonce=None, now=NOW)
        assert caught.value.code == "lifetime_too_long"
    for skew in (timedelta(minutes=10), 600):
        Verifier(trust, open=True, clock_skew=skew)
    for skew in (timedelta(minutes=10, microseconds=1), 601):
        with pytest.raises(SetUpError) as refused:
            Verifier(trust, open=True, clock_skew=skew)
        assert refused.value.code == "invalid_setting"


def test_an_answer_that_may_have_been_issued_before_the_restart_is_expired(
    issuer: Issuer, trust: TrustStore
) -> None:
    [answer] = open_passes(issuer, 1)

    def code(restart: datetime | int, **settings: int) -> str:
        verifier = Verifier(trust, open=True, issued_after=restart, **settings)  # type: ignore[arg-type]
        results = [found for _ in range(2) for found in verifier.with_trust(trust).verify_many([answer], nonce=None, now=NOW)]
        [code] = {result.code if isinstance(result, KycvsError) else "valid" for result in results}
        return code

    # The clock skew is allowed for: one minute unless set.
    assert [code(NOW - 61), code(NOW - 60), code(NOW), code(NOW + 1)] == ["valid", "expired", "expired", "expired"]
    assert [code(NOW - 1, clock_skew=0), code(NOW, clock_skew=0)] == ["valid", "expired"]
    # A token's times are whole seconds: it was issued after the restart, if only by a part of one.
    assert code(datetime.fromtimestamp(NOW - 60.001, UTC)) == "valid"
    with pytest.raises(ValueError, match="^issued_after: a naive datetime"):
        code(datetime(2026, 9, 21))
    with pytest.raises(TypeError, match="^issued_after: expected an aware datetime or an int"):
        code("now")  # type: ignore[arg-type]


def test_another_trust_store_keeps_the_rest(verifier: Verifier, answer: Presentation, issuer: Issuer) -> None:
    empty = verifier.with_trust(TrustStore())
    with pytest.raises(SetUpError) as caught:
        empty.verify(answer, nonce=NONCE, now=NOW)
    assert caught.value.code == "no_trusted_keys"
    again = empty.with_trust(verifier.trust)
    assert again.trust is verifier.trust
    again.verify(answer, nonce=NONCE, now=NOW)
    elsewhere = issuer.issue(Status.FULLY_VACCINATED, "gate", valid_for=900, audience="example.org", now=NOW)
    with pytest.raises(RefusedError):
        again.verify(elsewhere, nonce=None, now=NOW)


def test_a_verifier_shows_what_it_is_for(verifier: Verifier) -> None:
    assert repr(verifier) == "<Verifier: audience='irctc.co.in', open=False, 1 key>"
    assert copy.deepcopy(verifier) is verifier


def test_many_are_decided_as_each_alone(verifier: Verifier, answer: Presentation, issuer: Issuer) -> None:
    others = open_passes(issuer, 3)
    forms: list[object] = [answer, bytes(answer), bytearray(answer.to_bytes()), answer.to_text(), *others, b"", "no"]
    for copies in (0, 1, 2, 40):
        given = forms * copies
        expectation = {"nonce": NONCE, "now": NOW}
        results = verifier.verify_many(iter(given), **expectation)  # type: ignore[arg-type]
        assert len(results) == len(given)
        for one, result in zip(given, results, strict=True):
            try:
                assert verifier.verify(one, **expectation) == result  # type: ignore[arg-type]
            except KycvsError as error:
                assert isinstance(result, KycvsError)
                assert (type(error), str(error), error.code) == (type(result), str(result), result.code)


def test_of_many_each_can_have_a_challenge_and_a_person_of_its_own(issuer: Issuer, trust: TrustStore) -> None:
    nonces = [bytes([number]) * 16 for number in range(40)]
    people = [Subject(f"Asha {'abcdefghij'[number % 10]}") for number in range(40)]
    answers = [
        issuer.issue(Status(2), "gate", valid_for=900, audience="irctc.co.in", nonce=nonce, subject=subject, now=NOW)
        for nonce, subject in zip(nonces, people, strict=True)
    ]
    nonces[3], people[5] = b"another challenge", Subject("Ravi")
    expected = {3: "wrong_nonce", 5: "wrong_subject"}
    verifier = Verifier(trust, audience="irctc.co.in")
    for of in (list, tuple):
        results = verifier.verify_many(answers, nonce=of(nonces), subject=of(people), now=NOW)
        codes = {place: result.code for place, result in enumerate(results) if isinstance(result, KycvsError)}
        assert codes == expected
        assert all(result.subject_matched for result in results if isinstance(result, Verdict))
    one, other = verifier.verify_many([answers[0], answers[1]], nonce=nonces[0], subject=[people[0], people[0]], now=NOW)
    assert isinstance(one, Verdict) and isinstance(other, KycvsError) and other.code == "wrong_nonce"
    for wrong in (nonces[:39], [*nonces, b"one too many...."], []):
        with pytest.raises(ValueError, match=rf"^nonce: {len(wrong)} items for 40 presentations"):
            verifier.verify_many(answers, nonce=wrong, now=NOW)
    with pytest.raises(TypeError, match="^nonce: "):
        verifier.verify_many([b""], nonce=["text"], now=NOW)  # type: ignore[list-item]
    with pytest.raises(TypeError, match=r"^nonce\[1\]: expected what is compared, not None"):
        verifier.verify_many([b"", b""], nonce=[nonces[0], None], now=NOW)  # type: ignore[list-item]
    with pytest.raises(TypeError, match=r"^subject\[0\]: "):
        verifier.verify_many([b""], nonce=None, subject=[None], now=NOW)  # type: ignore[list-item]
    with pytest.raises(TypeError, match="^subject: "):
        verifier.verify_many([b""], nonce=None, subject=["Asha"], now=NOW)  # type: ignore[list-item]


def test_of_many_each_error_is_an_exception_of_its_own(verifier: Verifier) -> None:
    one, other = verifier.verify_many([b"", b""], nonce=None)
    assert isinstance(one, KycvsError)
    assert one is not other
    with pytest.raises(type(one)):
        raise one


def test_a_key_under_its_other_name_is_not_trusted(issuer: Issuer, answer: Presentation) -> None:
    from kycvs import Algorithm

    key = SigningKey.from_seed(bytes(range(32))).verifying_key
    trust = TrustStore().with_key(issuer.name, key, algorithm=Algorithm.ED25519)
    with pytest.raises(KycvsError) as caught:
        Verifier(trust, audience="irctc.co.in").verify(answer, nonce=NONCE, now=NOW)
    assert caught.value.code == "unsupported_algorithm"
    again = Issuer(issuer.name, SigningKey.from_seed(bytes(range(32))), algorithm=Algorithm.ED25519)
    token = again.issue(Status.NOT_VACCINATED, "gate", valid_for=900, audience="irctc.co.in", now=NOW)
    assert Verifier(trust, audience="irctc.co.in").verify(token, nonce=None, now=NOW).status == 0


def test_the_package_can_be_imported_anew() -> None:
    """In a process of its own. What is returned and raised is then of the new classes."""
    program = """if True:
        import sys
        import kycvs
        answer = kycvs.Issuer("in.gov.cowin", kycvs.SigningKey.generate()).issue(kycvs.Status(2), "gate", valid_for=9)
        assert answer.unverified_claims().status is kycvs.Status.FULLY_VACCINATED
        try:
            kycvs.Presentation.from_bytes(b"")
        except kycvs.UnreadableError:
            pass
        old = kycvs.Status
        for name in [name for name in sys.modules if name.split(".")[0] == "kycvs"]:
            del sys.modules[name]
        import kycvs
        assert kycvs.Status is not old
        key = kycvs.SigningKey.generate()
        issuer = kycvs.Issuer("in.gov.cowin", key, algorithm=kycvs.Algorithm.ED25519)
        answer = issuer.issue(kycvs.Status(2), "gate", valid_for=9, status_list=kycvs.StatusListRef(1, "a"))
        claims = answer.unverified_claims()
        assert claims.status is kycvs.Status.FULLY_VACCINATED
        assert claims.algorithm is kycvs.Algorithm.ED25519
        assert isinstance(claims.status_list, kycvs.StatusListRef)
        try:
            kycvs.Presentation.from_bytes(b"")
        except kycvs.UnreadableError:
            print("good")
    """
    done = subprocess.run([sys.executable, "-c", program], check=True, timeout=60, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("good\n", "")
