"""The examples that a newcomer copies, run as they stand, and the bench program's protocol."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent.parent
NONCE = "000102030405060708090a0b0c0d0e0f"


def run(example: str, *arguments: object, given: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", str(HERE / "examples" / example), *map(str, arguments)]
    return subprocess.run(command, input=given, capture_output=True, text=True, timeout=60, check=False)


def issue(folder: Path, status: int = 2) -> str:
    issued = run("issue_answer.py", folder, "irctc.co.in", NONCE, status)
    assert (issued.returncode, issued.stderr) == (0, "")
    assert issued.stdout.startswith("KV1:")
    return issued.stdout


def test_an_answer_is_issued_and_verified(tmp_path: Path) -> None:
    folder = tmp_path / "issuer"
    text = issue(folder)
    assert stat.S_IMODE((folder / "issuer.pem").stat().st_mode) == 0o600
    trust = folder / "trust.cbor"
    verified = run("verify_scanned.py", trust, "irctc.co.in", NONCE, given=text)
    assert (verified.returncode, verified.stderr) == (0, "")
    assert verified.stdout.startswith("Fully vaccinated, says in.gov.cowin; good until 20")
    # Again, with the key that is there now, and from a file.
    answer = tmp_path / "answer.txt"
    answer.write_text(issue(folder, 1))
    verified = run("verify_scanned.py", trust, "irctc.co.in", NONCE, answer)
    assert (verified.returncode, verified.stdout) == (1, "Not fully vaccinated, says in.gov.cowin.\n")


@pytest.mark.parametrize(
    ("audience", "nonce", "damage", "status", "says"),
    [
        ("example.org", NONCE, None, 1, "Ask for a new answer. (wrong_audience"),
        ("irctc.co.in", "ff" * 16, None, 1, "Ask for a new answer. (wrong_nonce"),
        ("irctc.co.in", NONCE, "unreadable", 1, "Scan again. (bad_text"),
        ("irctc.co.in", NONCE, "untrusted", 1, "Do not rely on this answer. (unknown_key"),
        ("irctc.co.in", NONCE, "set-up", 2, "call the operator. (no_trusted_keys"),
    ],
)
def test_a_refusal_is_handled(
    tmp_path: Path, audience: str, nonce: str, damage: str | None, status: int, says: str
) -> None:
    text = issue(tmp_path / "issuer")
    trust = tmp_path / "issuer" / "trust.cbor"
    if damage == "unreadable":
        text = text.lower()
    elif damage == "untrusted":
        text = issue(tmp_path / "stranger")
    elif damage == "set-up":
        trust.write_bytes(bytes.fromhex("a2006d6b796376732f74727573742f310180"))
    verified = run("verify_scanned.py", trust, audience, nonce, given=text)
    assert verified.returncode == status
    assert says in verified.stdout + verified.stderr


def test_a_wrong_call_shows_how_to_call(tmp_path: Path) -> None:
    for example in ("verify_scanned.py", "issue_answer.py"):
        called = run(example)
        assert (called.returncode, called.stdout) == (2, "")
        assert f"python {example} " in called.stderr


@pytest.mark.parametrize(
    ("trust", "audience", "nonce", "answer", "says"),
    [
        ("missing.cbor", "irctc.co.in", NONCE, "answer.txt", "No such file"),
        ("damaged.cbor", "irctc.co.in", NONCE, "answer.txt", "bad_trust_store"),
        ("trust.cbor", "", NONCE, "answer.txt", "invalid_claim"),
        ("trust.cbor", "irctc.co.in", "00", "answer.txt", "invalid_claim"),
        ("trust.cbor", "irctc.co.in", "zz", "answer.txt", "hexadecimal"),
        ("trust.cbor", "irctc.co.in", NONCE, "missing.txt", "No such file"),
    ],
)
def test_what_has_to_be_mended_here_is_not_a_refusal(
    tmp_path: Path, trust: str, audience: str, nonce: str, answer: str, says: str
) -> None:
    (tmp_path / "answer.txt").write_text(issue(tmp_path))
    (tmp_path / "damaged.cbor").write_bytes((tmp_path / "trust.cbor").read_bytes()[:-1])
    verified = run("verify_scanned.py", tmp_path / trust, audience, nonce, tmp_path / answer)
    assert (verified.returncode, verified.stdout) == (2, "")
    assert "Traceback" not in verified.stderr
    assert "call the operator" in verified.stderr
    assert says in verified.stderr
    # Garbage that was scanned is not among it.
    (tmp_path / "answer.txt").write_bytes(b"KV1:\xff\xfe")
    verified = run("verify_scanned.py", tmp_path / "trust.cbor", "irctc.co.in", NONCE, tmp_path / "answer.txt")
    assert (verified.returncode, verified.stderr) == (1, "")
    assert verified.stdout.startswith("Scan again. (bad_text")


@pytest.mark.parametrize(
    ("folder", "audience", "nonce", "status", "says"),
    [
        ("issuer", "a" * 65, NONCE, 2, "invalid_claim"),
        ("issuer", "irctc.co.in", NONCE, 7, "7 is not a valid Status"),
        ("issuer", "irctc.co.in", NONCE, "two", "'two'"),
        ("issuer", "irctc.co.in", "zz", 2, "hexadecimal"),
        ("issuer", "irctc.co.in", "00", 2, "invalid_claim"),
        ("damaged", "irctc.co.in", NONCE, 2, "invalid_key"),
        ("garbage", "irctc.co.in", NONCE, 2, "invalid_key"),
        ("file", "irctc.co.in", NONCE, 2, "error: "),
    ],
)
def test_what_cannot_be_issued_says_why(
    tmp_path: Path, folder: str, audience: str, nonce: str, status: object, says: str
) -> None:
    for name, content in (("damaged", b"-----BEGIN PRIVATE KEY-----"), ("garbage", b"\xff\xfe")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "issuer.pem").write_bytes(content)
    (tmp_path / "file").write_bytes(b"")
    refused = run("issue_answer.py", tmp_path / folder, audience, nonce, status)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "Traceback" not in refused.stderr
    assert says in refused.stderr


def test_the_trust_store_is_made_where_there_is_none(tmp_path: Path) -> None:
    issue(tmp_path)
    trust = (tmp_path / "trust.cbor").read_bytes()
    (tmp_path / "trust.cbor").unlink()
    issue(tmp_path)
    assert (tmp_path / "trust.cbor").read_bytes() == trust


def test_the_smoke_test_passes() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(HERE / "tests" / "smoke.py")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout[:5]) == (0, "kycvs"), done.stderr


@pytest.mark.slow
def test_the_bench_keeps_its_protocol() -> None:
    names = ["verify", "verify-2-threads", "pyjwt-eddsa", "cwt", "cryptography-ed25519"]
    bench = subprocess.run(
        [sys.executable, str(HERE / "bench.py")],
        input="".join(f"{name}\n" for name in names),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    ready, *figures = bench.stdout.splitlines()
    assert ready.split() == ["ready", *names]
    assert len(figures) == len(names)
    assert all(1_000 < float(figure) < 10_000_000 for figure in figures)
