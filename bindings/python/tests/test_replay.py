"""Replay guards: in memory and of the app, alone and for lists."""

from __future__ import annotations

import contextvars
import gc
import sqlite3
import threading
import traceback
import weakref
from collections.abc import Iterator

import pytest
from fixtures import NOW, open_passes
from kycvs import (
    Issuer,
    KycvsError,
    MemoryReplayGuard,
    RefusedError,
    SetUpError,
    Status,
    TrustStore,
    Verdict,
    Verifier,
)


class Remembering:
    """A guard of the app that notes what it is asked, and in which order."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, int, int]] = []
        self._seen: set[tuple[str, str]] = set()

    def first_use(self, issuer: str, token_id: str, keep_until: int, now: int, /) -> bool:
        self.asked.append((issuer, token_id, keep_until, now))
        first = (issuer, token_id) not in self._seen
        self._seen.add((issuer, token_id))
        return first


class Raising:
    def __init__(self, error: BaseException) -> None:
        self._error = error

    def first_use(self, issuer: str, token_id: str, keep_until: int, now: int, /) -> bool:
        raise self._error


@pytest.mark.parametrize("guard", [Remembering(), MemoryReplayGuard(1000)], ids=["python", "memory"])
def test_a_token_is_good_once(issuer: Issuer, trust: TrustStore, guard: MemoryReplayGuard) -> None:
    verifier = Verifier(trust, open=True, replay_guard=guard)
    [answer] = open_passes(issuer, 1)
    verifier.verify(answer, nonce=None, now=NOW)
    for again in (verifier, verifier.with_trust(trust), Verifier(trust, open=True, replay_guard=guard)):
        with pytest.raises(RefusedError) as caught:
            again.verify(answer, nonce=None, now=NOW)
        assert (caught.value.code, caught.value.number) == ("replayed", 18)
    # Without the guard it is good as before.
    Verifier(trust, open=True).verify(answer, nonce=None, now=NOW)


def test_a_guard_is_asked_in_seconds(issuer: Issuer, trust: TrustStore) -> None:
    guard = Remembering()
    [answer] = open_passes(issuer, 1)
    verdict = Verifier(trust, open=True, replay_guard=guard).verify(answer, nonce=None, now=NOW + 5)
    [(name, token_id, keep_until, now)] = guard.asked
    assert (name, token_id, now) == ("in.gov.cowin", verdict.token_id, NOW + 5)
    assert keep_until >= verdict.expires_at_seconds
    assert type(keep_until) is type(now) is int


def test_a_refused_token_is_not_used_up(issuer: Issuer, trust: TrustStore) -> None:
    guard = Remembering()
    verifier = Verifier(trust, open=True, replay_guard=guard)
    [answer] = open_passes(issuer, 1)
    with pytest.raises(RefusedError):
        verifier.verify(answer, nonce=None, purpose="another", now=NOW)
    assert not guard.asked
    verifier.verify(answer, nonce=None, now=NOW)


def test_a_full_guard_fails_closed(issuer: Issuer, trust: TrustStore) -> None:
    verifier = Verifier(trust, open=True, replay_guard=MemoryReplayGuard(1))
    one, other = open_passes(issuer, 2)
    verifier.verify(one, nonce=None, now=NOW)
    with pytest.raises(SetUpError) as caught:
        verifier.verify(other, nonce=None, now=NOW)
    assert (caught.value.code, caught.value.number) == ("replay_guard_failed", 99)
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert "full" in str(caught.value.__cause__)


def test_the_guard_in_memory_is_one_like_any_other() -> None:
    guard = MemoryReplayGuard(2)
    assert repr(guard) == "MemoryReplayGuard(2)"
    assert guard.capacity == 2
    ids = [f"{number:032x}" for number in range(3)]
    assert guard.first_use("a", ids[0], NOW + 10, NOW)
    assert not guard.first_use("a", ids[0], NOW + 10, NOW)
    assert guard.first_use("b", ids[0], NOW + 10, NOW)
    with pytest.raises(RuntimeError, match="full"):
        guard.first_use("a", ids[1], NOW + 10, NOW)
    # By the guard's own clock no time has passed: a late `now` alone forgets nothing.
    with pytest.raises(RuntimeError, match="full"):
        guard.first_use("a", ids[1], NOW + 20, NOW + 10)
    assert not guard.first_use("a", ids[0], NOW + 10, NOW)
    with pytest.raises(KycvsError):
        guard.first_use("a", "no id", NOW, NOW)


def test_what_a_guard_raises_is_the_cause(issuer: Issuer, trust: TrustStore) -> None:
    error = sqlite3.OperationalError("database is locked")
    verifier = Verifier(trust, open=True, replay_guard=Raising(error))
    [answer] = open_passes(issuer, 1)
    with pytest.raises(SetUpError) as caught:
        verifier.verify(answer, nonce=None, now=NOW)
    assert caught.value.code == "replay_guard_failed"
    assert caught.value.__cause__ is error
    assert traceback.extract_tb(error.__traceback__)[-1].name == "first_use"
    results = verifier.verify_many([answer] * 20, nonce=None, now=NOW)
    assert all(isinstance(result, SetUpError) and result.__cause__ is error for result in results)


@pytest.mark.parametrize("answer", [None, 1, 0, "yes"])
def test_an_answer_that_is_no_bool_is_refused(issuer: Issuer, trust: TrustStore, answer: object) -> None:
    class Odd:
        def first_use(self, issuer: str, token_id: str, keep_until: int, now: int, /) -> bool:
            return answer  # type: ignore[return-value]

    verifier = Verifier(trust, open=True, replay_guard=Odd())
    with pytest.raises(SetUpError) as caught:
        verifier.verify(open_passes(issuer, 1)[0], nonce=None, now=NOW)
    assert isinstance(caught.value.__cause__, TypeError)
    assert "first_use returned: expected bool" in str(caught.value.__cause__)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3), GeneratorExit()])
@pytest.mark.parametrize("count", [1, 100])
def test_what_wants_to_stop_is_raised_as_it_is(
    issuer: Issuer, trust: TrustStore, error: BaseException, count: int
) -> None:
    verifier = Verifier(trust, open=True, replay_guard=Raising(error))
    answers = open_passes(issuer, count)
    with pytest.raises(type(error)) as caught:
        verifier.verify(answers[0], nonce=None, now=NOW)
    assert caught.value is error
    with pytest.raises(type(error)) as caught:
        verifier.verify_many(answers, nonce=None, now=NOW)
    assert caught.value is error


def test_of_a_list_the_earlier_use_is_the_first(issuer: Issuer, trust: TrustStore) -> None:
    answers = open_passes(issuer, 50)
    given: list[object] = []
    for place, answer in enumerate(answers):
        given += [answer, b"garbage", answer if place % 2 else bytes(answer)]
    for _ in range(20):
        guard = Remembering()
        verifier = Verifier(trust, open=True, replay_guard=guard)
        results = verifier.verify_many(given, nonce=None, now=NOW)  # type: ignore[arg-type]
        ids = [answer.unverified_claims().token_id for answer in answers]
        assert [token_id for _, token_id, _, _ in guard.asked] == [token_id for token_id in ids for _ in range(2)]
        for place, token_id in enumerate(ids):
            first, garbage, second = results[3 * place : 3 * place + 3]
            assert isinstance(first, Verdict)
            assert first.token_id == token_id
            assert isinstance(garbage, KycvsError)
            assert isinstance(second, RefusedError)
            assert second.code == "replayed"


def test_a_guard_is_asked_in_the_thread_that_called(issuer: Issuer, trust: TrustStore) -> None:
    """With a lock that is held already, and with what belongs to a thread or a context."""
    lock = threading.RLock()
    request = contextvars.ContextVar[str]("request")
    seen: set[tuple[int, str]] = set()

    class Bound:
        def first_use(self, issuer: str, token_id: str, keep_until: int, now: int, /) -> bool:
            with lock:
                seen.add((threading.get_ident(), request.get()))
            return True

    verifier = Verifier(trust, open=True, replay_guard=Bound())
    answers = open_passes(issuer, 200)
    request.set("the third")
    with lock:
        results = verifier.verify_many(answers, nonce=None, now=NOW)
    assert all(isinstance(result, Verdict) for result in results)
    assert seen == {(threading.get_ident(), "the third")}


def test_a_guard_in_memory_serves_lists_too(issuer: Issuer, trust: TrustStore) -> None:
    answers = open_passes(issuer, 100)
    verifier = Verifier(trust, open=True, replay_guard=MemoryReplayGuard(100))
    results = verifier.verify_many(answers + answers, nonce=None, now=NOW)
    assert [isinstance(result, Verdict) for result in results] == [True] * 100 + [False] * 100


def test_a_guard_may_itself_verify(issuer: Issuer, trust: TrustStore) -> None:
    """Within the call of a guard there may be another, on a list too: nothing waits for itself."""
    inner = Verifier(trust, open=True, replay_guard=MemoryReplayGuard(100_000))

    class Nested(Remembering):
        def first_use(self, issuer_name: str, token_id: str, keep_until: int, now: int, /) -> bool:
            results = inner.verify_many(open_passes(issuer, 10), nonce=None, now=NOW)
            results.append(inner.verify(open_passes(issuer, 1)[0], nonce=None, now=NOW))
            assert all(isinstance(result, Verdict) for result in results)
            return super().first_use(issuer_name, token_id, keep_until, now)

    verifier = Verifier(trust, open=True, replay_guard=Nested())
    results = verifier.verify_many(open_passes(issuer, 40), nonce=None, now=NOW)
    assert all(isinstance(result, Verdict) for result in results)


def test_of_many_threads_one_is_first(issuer: Issuer, trust: TrustStore) -> None:
    verifier = Verifier(trust, open=True, replay_guard=MemoryReplayGuard(1000))
    [answer] = open_passes(issuer, 1)
    first: list[Verdict] = []
    start = threading.Barrier(8)

    def use() -> None:
        start.wait()
        try:
            first.append(verifier.verify(answer, nonce=None, now=NOW))
        except RefusedError:
            pass

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(first) == 1


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    connection.execute(
        "CREATE TABLE used (issuer TEXT, token_id TEXT, keep_until INTEGER, PRIMARY KEY (issuer, token_id))"
    )
    yield connection
    connection.close()


def test_a_database_remembers(issuer: Issuer, trust: TrustStore, database: sqlite3.Connection) -> None:
    class DatabaseGuard:
        def first_use(self, issuer: str, token_id: str, keep_until: int, now: int, /) -> bool:
            with database:
                database.execute("DELETE FROM used WHERE keep_until <= ?", (now,))
                row = (issuer, token_id, keep_until)
                return database.execute("INSERT OR IGNORE INTO used VALUES (?, ?, ?)", row).rowcount == 1

    verifier = Verifier(trust, open=True, replay_guard=DatabaseGuard())
    answers = open_passes(issuer, 30)
    results = verifier.verify_many(answers * 2, nonce=None, now=NOW)
    assert [isinstance(result, Verdict) for result in results] == [True] * 30 + [False] * 30


def test_a_guard_that_holds_its_verifier_is_collected(trust: TrustStore) -> None:
    class Gate(Remembering):
        verifier: Verifier
        other: Verifier

    gate = Gate()
    gate.verifier = Verifier(trust, open=True, replay_guard=gate)
    gate.other = gate.verifier.with_trust(TrustStore())
    gc.collect()
    gate.verifier.verify_many([b""], nonce=None)
    gone = weakref.ref(gate)
    del gate
    gc.collect()
    assert gone() is None


def test_a_status_of_zero_is_used_up_as_well(issuer: Issuer, trust: TrustStore) -> None:
    verifier = Verifier(trust, open=True, replay_guard=MemoryReplayGuard(10))
    answer = issuer.issue(Status.NOT_VACCINATED, "gate", valid_for=900, now=NOW)
    assert not verifier.verify(answer, nonce=None, now=NOW).meets(Status.PARTIALLY_VACCINATED)
    with pytest.raises(RefusedError):
        verifier.verify(answer, nonce=None, now=NOW)
