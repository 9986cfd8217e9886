"""Threads: right answers from a shared verifier, and the interpreter's lock given back meanwhile."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import vectors
from fixtures import NONCE, NOW, open_passes
from kycvs import (
    Issuer,
    KycvsError,
    Presentation,
    SigningKey,
    Subject,
    TrustedKey,
    TrustStore,
    Verdict,
    Verifier,
    VerifyingKey,
    import_keys,
)
from smoke import ENDINGS, ended

TASKS = Path("/proc/self/task")


def test_eight_threads_share_a_verifier(verifier: Verifier, answer: Presentation, issuer: Issuer) -> None:
    subject = Subject("asha rao", "9876543210")
    damaged = bytearray(answer.to_bytes())
    damaged[-40] ^= 1
    inputs: list[object] = [answer, bytes(answer), answer.to_text(), bytes(damaged), b"", "no", *open_passes(issuer, 2)]

    def outcome(given: object) -> object:
        try:
            return verifier.verify(given, nonce=NONCE, subject=subject, now=NOW)  # type: ignore[arg-type]
        except KycvsError as error:
            return error.code

    expected = [outcome(given) for given in inputs]
    assert expected[3:] == ["bad_signature", "malformed", "bad_text", "wrong_audience", "wrong_audience"]
    assert all(isinstance(verdict, Verdict) for verdict in expected[:3])

    def work(shift: int) -> int:
        wrong = 0
        for round_ in range(500):
            place = (round_ * 7 + shift) % len(inputs)
            wrong += outcome(inputs[place]) != expected[place]
        return wrong

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(work, range(8))) == 0


def test_eight_threads_decide_the_vectors(verifier: Verifier) -> None:
    all_cases = [(name, one) for name in ("valid.json", "invalid.json") for one in vectors.cases(name)]

    def wrong(shift: int) -> list[str]:
        return [
            one["id"]
            for name, one in all_cases[shift::8] + all_cases[:200]
            if vectors.result_of(vectors.verify, vectors.CONTENT[name], one) != one["expected"]
        ]

    with ThreadPoolExecutor(8) as pool:
        assert [case_id for ids in pool.map(wrong, range(8)) for case_id in ids] == []


def test_lists_on_eight_threads(issuer: Issuer, trust: TrustStore) -> None:
    verifier = Verifier(trust, open=True)
    answers = open_passes(issuer, 60)
    with ThreadPoolExecutor(8) as pool:
        for results in pool.map(lambda _: verifier.verify_many(answers, nonce=None, now=NOW), range(24)):
            assert [result.token_id for result in results if isinstance(result, Verdict)] == [
                answer.unverified_claims().token_id for answer in answers
            ]


def test_a_buffer_that_changes_meanwhile_does_no_harm(verifier: Verifier, answer: Presentation) -> None:
    buffer = bytearray(answer.to_bytes())
    stop = threading.Event()

    def shake() -> None:
        while not stop.is_set():
            buffer.extend(bytes(100_000))
            del buffer[len(answer.to_bytes()) :]
            buffer[5] ^= 1
            buffer[5] ^= 1

    shaker = threading.Thread(target=shake)
    shaker.start()
    outcomes = set()
    try:
        # Some thousand times, and on a busy machine until one was read while nothing was written.
        for count in range(200_000):
            if count >= 2_000 and "good" in outcomes:
                break
            [result] = verifier.verify_many([buffer], nonce=NONCE, now=NOW)
            outcomes.add(result.code if isinstance(result, KycvsError) else "good")
            try:
                verifier.verify(buffer, nonce=NONCE, now=NOW)
                outcomes.add("good")
            except KycvsError as error:
                outcomes.add(error.code)
    finally:
        stop.set()
        shaker.join()
    assert "good" in outcomes


class Watcher:
    """Whether another thread gets on while a call is under way, whatever the clock says.

    With an endless switch interval Python takes the interpreter's lock from nobody: the other thread runs where the call
    gives it back, and else not before the call is over. The call is repeated, since the other one may be slower to wake up
    than the call is, for some seconds.
    """

    def __init__(self) -> None:
        self.calling = False
        self.seen = threading.Event()
        self.go = threading.Event()

    def watch(self) -> None:
        self.go.wait()
        while not self.seen.is_set():
            if self.calling:
                self.seen.set()
            # It gives the lock back, to the thread that calls.
            time.sleep(0)

    def runs_during(self, call: Callable[[], object], patience: float) -> bool:
        before = sys.getswitchinterval()
        watcher = threading.Thread(target=self.watch)
        watcher.start()
        sys.setswitchinterval(1e6)
        try:
            self.go.set()
            end = time.monotonic() + patience
            while time.monotonic() < end:
                self.calling = True
                with contextlib.suppress(KycvsError):
                    call()
                # Nothing that gives the lock back stands between these.
                self.calling = False
                if self.seen.is_set():
                    return True
                time.sleep(0.0001)
            return False
        finally:
            sys.setswitchinterval(before)
            self.seen.set()
            watcher.join()


KEY = SigningKey.from_seed(bytes(range(32)))
KEYS = [SigningKey.generate().verifying_key for _ in range(2000)]
TRUSTED = [TrustedKey("in.gov.cowin", key) for key in KEYS]
STORE = TrustStore(TRUSTED)
VERIFIER = Verifier(STORE, open=True)
STORE_FILE, STORE_PICKLE = STORE.to_bytes(), pickle.dumps(STORE)
KEY_FILE = "".join(key.to_pem() for key in KEYS)
ENCRYPTED, COSE_KEY, SIGNATURE = KEY.to_encrypted_pem("pass"), KEY.to_cose_key(), KEY.sign(b"")
SPACES, ZEROS, GARBAGE = " " * 1_000_000, bytes(1_000_000), b"\xff" * 1_000_000
# As long as one may be before it is brought to its normal form.
NAME = "Asha " + "a\u0301" * 300
# Some end in a refusal, after a good while.
LONG_WORK: dict[str, Callable[[], object]] = {
    "TrustStore": lambda: TrustStore(TRUSTED),
    "TrustStore.from_bytes": lambda: TrustStore.from_bytes(STORE_FILE),
    "TrustStore.to_bytes": STORE.to_bytes,
    "TrustStore.with_key": lambda: STORE.with_key("in.gov.cowin", KEY.verifying_key),
    "TrustStore from a pickle": lambda: pickle.loads(STORE_PICKLE),
    "Verifier": lambda: Verifier(STORE, open=True),
    "Verifier.with_trust": lambda: VERIFIER.with_trust(STORE),
    "Verifier.prepare": VERIFIER.prepare,
    "import_keys": lambda: import_keys(KEY_FILE),
    "Subject": lambda: Subject(NAME),
    "Presentation.from_text": lambda: Presentation.from_text(SPACES),
    "VerifyingKey.from_bytes": lambda: VerifyingKey.from_bytes(KEYS[0].to_bytes()),
    "VerifyingKey.from_pem": lambda: VerifyingKey.from_pem(GARBAGE),
    "VerifyingKey.verifies": lambda: KEYS[0].verifies(ZEROS, SIGNATURE),
    "SigningKey.from_pem": lambda: SigningKey.from_pem(GARBAGE),
    "SigningKey.is_encrypted_pem": lambda: SigningKey.is_encrypted_pem(GARBAGE),
    "SigningKey.from_encrypted_pem": lambda: SigningKey.from_encrypted_pem(ENCRYPTED, "pass"),
    "SigningKey.to_encrypted_pem": lambda: KEY.to_encrypted_pem("pass"),
    "SigningKey.from_jwk": lambda: SigningKey.from_jwk(GARBAGE),
    "SigningKey.from_cose_key": lambda: SigningKey.from_cose_key(COSE_KEY),
    "SigningKey.sign": lambda: KEY.sign(ZEROS),
}


@pytest.mark.parametrize("name", LONG_WORK)
def test_other_threads_run_meanwhile(name: str) -> None:
    assert Watcher().runs_during(LONG_WORK[name], patience=60)


def test_no_other_thread_runs_where_the_lock_is_kept() -> None:
    """So that the test before this one can fail."""
    assert not Watcher().runs_during(lambda: sum(range(10_000)), patience=0.2)


@pytest.mark.parametrize("program", ENDINGS)
def test_a_process_ends_while_threads_are_at_work(program: str) -> None:
    for _ in range(5):
        done = ended(ENDINGS[program])
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not TASKS.exists(), reason="threads are counted as Linux tells them")
def test_one_list_is_checked_by_a_thread_for_each_processor(issuer: Issuer, trust: TrustStore) -> None:
    """How much that gains is for the bench to say: here others may use the processors."""
    verifier = Verifier(trust, open=True)
    answers = open_passes(issuer, 100) * 200
    most = 0
    with ThreadPoolExecutor(1) as pool:
        # A busy machine may not let this thread look in time.
        for _ in range(20):
            done = pool.submit(verifier.verify_many, answers, nonce=None, now=NOW)
            while not done.done():
                most = max(most, len(workers()))
            assert all(isinstance(result, Verdict) for result in done.result())
            if most > 1:
                break
    assert 1 < most <= len(os.sched_getaffinity(0)), "or may this process use one processor only?"
    # A thread that has ended is listed until the system has put it away.
    end = time.monotonic() + 60
    while workers() and time.monotonic() < end:
        time.sleep(0.01)
    assert workers() == []


def workers() -> list[str]:
    names = []
    for task in TASKS.iterdir():
        try:
            names.append((task / "comm").read_text().strip())
        except OSError:
            pass  # It ended meanwhile.
    return [name for name in names if name == "kycvs-verify"]


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_ends_a_long_list(issuer: Issuer, trust: TrustStore) -> None:
    verifier = Verifier(trust, open=True)
    answers = open_passes(issuer, 100) * 5000
    # It may be ignored here, as in a job in the background.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    try:
        begin = time.process_time()
        with pytest.raises(KeyboardInterrupt):
            timer.start()
            verifier.verify_many(answers, nonce=None, now=NOW)
        # The whole list takes more than ten seconds of the processors.
        assert time.process_time() - begin < 5
    finally:
        timer.cancel()
        timer.join()
        signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_is_heard_while_a_guard_is_asked(issuer: Issuer, trust: TrustStore) -> None:
    asked = 0

    class Slow:
        def first_use(self, issuer: str, token_id: str, keep_until: int, now: int, /) -> bool:
            nonlocal asked
            asked += 1
            if asked == 10:
                os.kill(os.getpid(), signal.SIGINT)
            return True

    verifier = Verifier(trust, open=True, replay_guard=Slow())
    answers = open_passes(issuer, 1000)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            verifier.verify_many(answers, nonce=None, now=NOW)
    finally:
        signal.signal(signal.SIGINT, before)
    assert asked < 20


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork()")
def test_a_forked_process_goes_on() -> None:
    """In a process of its own: to fork beside other threads is what Python warns of."""
    program = """if True:
        import os
        from kycvs import Issuer, SigningKey, Status, TrustStore, Verdict, Verifier
        issuer = Issuer("in.gov.cowin", SigningKey.generate())
        verifier = Verifier(TrustStore().with_key(issuer.name, issuer.verifying_key), open=True)
        answers = [issuer.issue(Status.FULLY_VACCINATED, "gate", valid_for=900) for _ in range(100)]
        def good():
            results = verifier.verify_many(answers, nonce=None)
            return len(results) == 100 and all(isinstance(result, Verdict) for result in results)
        assert good()
        child = os.fork()
        if child == 0:
            os._exit(0 if good() else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert good()
    """
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, timeout=60)


def test_an_issuer_is_shared_too(issuer: Issuer, trust: TrustStore) -> None:
    verifier = Verifier(trust, open=True)

    def work(_: int) -> set[str]:
        answers = open_passes(issuer, 200)
        return {verifier.verify(answer, nonce=None, now=NOW).token_id for answer in answers}

    with ThreadPoolExecutor(8) as pool:
        ids = set().union(*pool.map(work, range(8)))
    assert len(ids) == 1600


def test_other_interpreters_are_refused_clearly() -> None:
    """In a process of its own. Python has one way to make an interpreter up to 3.12 and another from 3.13 on."""
    program = """if True:
        import kycvs
        try:
            import _interpreters
        except ImportError:
            import _xxsubinterpreters as interpreters
            try:
                interpreters.run_string(interpreters.create(), "import kycvs")
            except interpreters.RunFailedError as error:
                print(error)
        else:
            print(_interpreters.exec(_interpreters.create(), "import kycvs").formatted)
        assert kycvs.Status(2) is kycvs.Status.FULLY_VACCINATED
    """
    done = subprocess.run([sys.executable, "-c", program], check=True, timeout=60, capture_output=True, text=True)
    assert "ImportError" in done.stdout
    assert "does not support loading in subinterpreters" in done.stdout
