"""Whether an installed wheel works, with nothing but the standard library: `python smoke.py`.

It tries what depends on how the wheel was built (the import, threads, exceptions, pickles, the random source, and how a
process ends); what the package does is for the other tests.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from importlib import metadata, resources

import kycvs

_AT_WORK = """
import threading, time
from kycvs import Issuer, SigningKey, Status, TrustStore, Verifier

key = SigningKey.generate()
issuer = Issuer("in.gov.cowin", key)
trust = TrustStore().with_key("in.gov.cowin", key.verifying_key)
verifier = Verifier(trust, open=True)
answer = issuer.issue(Status.FULLY_VACCINATED, "gate", valid_for=900)

def verify():
    verifier.verify(answer, nonce=None)

class Guard:
    def first_use(self, *question):
        return True

guarded = Verifier(trust, open=True, replay_guard=Guard())

def verify_many():
    guarded.verify_many([answer] * 1000, nonce=None)

class Device:
    verifying_key = key.verifying_key

    def sign(self, message):
        return key.sign(message)

elsewhere = Issuer("in.gov.cowin", Device())

def issue():
    elsewhere.issue(Status.FULLY_VACCINATED, "gate", valid_for=900)

at_work = threading.Semaphore(0)

def for_ever(work):
    work()
    at_work.release()
    while True:
        work()

def end_while_at(work):
    for _ in range(6):
        threading.Thread(target=for_ever, args=(work,), daemon=True).start()
    for _ in range(6):
        at_work.acquire()
    time.sleep(0.05)
"""

ENDINGS = {
    "verify": f"{_AT_WORK}\nend_while_at(verify)",
    "verify_many": f"{_AT_WORK}\nend_while_at(verify_many)",
    "issue": f"{_AT_WORK}\nend_while_at(issue)",
    # Its threads are daemons.
    "pool": f"""{_AT_WORK}
from multiprocessing.pool import ThreadPool

pool = ThreadPool(4)
results = pool.map_async(lambda _: verify(), range(1_000_000), chunksize=1)
time.sleep(0.05)
""",
}
"""Programs whose main thread returns while daemon threads are in kycvs: Python ends these by unwinding their stacks."""


def ended(program: str) -> subprocess.CompletedProcess[str]:
    """How such a program ended. With 0, unless something crashed."""
    command = [sys.executable, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def main() -> None:
    issuer = kycvs.Issuer("in.gov.cowin", kycvs.SigningKey.generate())
    challenge = b"sixteen bytes..."
    answer = issuer.issue(
        kycvs.Status.FULLY_VACCINATED,
        "rail-booking",
        valid_for=timedelta(minutes=15),
        audience="irctc.co.in",
        nonce=challenge,
        subject=kycvs.Subject("A.P.J. Abdul Kalam", "98765 43210"),
    )
    trust = kycvs.TrustStore().with_key(issuer.name, issuer.verifying_key)
    trust = kycvs.TrustStore.from_bytes(trust.to_bytes())
    verifier = kycvs.Verifier(trust, audience="irctc.co.in", replay_guard=kycvs.MemoryReplayGuard(10))
    verdict = verifier.verify(answer.to_text(), nonce=challenge, subject=kycvs.Subject("a p j abdul kalam", "9876543210"))
    expect(verdict.meets(kycvs.Status.FULLY_VACCINATED) and verdict.subject_matched)
    expect(verdict.expires_at - verdict.issued_at == timedelta(minutes=15))
    expect(pickle.loads(pickle.dumps(verdict)) == verdict)
    try:
        verifier.verify(bytes(answer), nonce=challenge, subject=kycvs.Subject("a p j abdul kalam", "9876543210"))
    except kycvs.RefusedError as error:
        expect((error.code, error.number) == ("replayed", 18))
    else:
        expect(False)
    verifier = kycvs.Verifier(trust, audience="irctc.co.in")
    results = verifier.verify_many([answer] * 100, nonce=challenge)
    expect(all(isinstance(result, kycvs.Verdict) for result in results))

    def verify(_: int) -> kycvs.Verdict:
        return verifier.verify(answer, nonce=challenge)

    with ThreadPoolExecutor(4) as pool:
        expect({verdict.token_id for verdict in pool.map(verify, range(100))} == {verdict.token_id})
    encrypted = kycvs.SigningKey.generate().to_encrypted_pem("correct horse")
    kycvs.SigningKey.from_encrypted_pem(encrypted, "correct horse")

    for program in ENDINGS.values():
        for _ in range(3):
            done = ended(program)
            expect((done.returncode, done.stderr) == (0, ""))

    expect(metadata.version("kycvs") == kycvs.__version__)
    expect(resources.files("kycvs").joinpath("py.typed").is_file())
    expect(resources.files("kycvs").joinpath("_kycvs.pyi").is_file())
    files = {file.name: file for file in metadata.files("kycvs") or ()}
    expect({"LICENSE-APACHE", "LICENSE-MIT", "LICENSES-OTHERS"} <= set(files))
    # The compiled-in crate that is under the BSD licence, with its text.
    others = files["LICENSES-OTHERS"].read_text()
    for words in "\npyo3 0.", "\ncurve25519-dalek 5.", "Redistributions in binary form must reproduce":
        expect(words in others)
    print(f"kycvs {kycvs.__version__} works with {sys.implementation.name} {sys.version.split()[0]}")


def expect(condition: bool) -> None:
    """Like `assert`, which `python -O` leaves out."""
    if not condition:
        raise AssertionError("the installed package does not work")


if __name__ == "__main__":
    main()
