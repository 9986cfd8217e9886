"""Key files to and from `openssl`.

    python openssl_keys.py KYCVS WORK_FOLDER

Both ways, plain and encrypted: what one of them writes, the other reads, and it is the same key.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from checks import Answer, Checks, Kycvs, write
from token_profile import AUDIENCE, ISSUER, NONCE, NOW, PURPOSE, key_id

checks = Checks()


def main() -> None:
    kycvs, work = Kycvs(sys.argv[1]), Path(sys.argv[2])
    passphrase = write(work / "passphrase", b"correct horse battery staple\n")
    wrong = write(work / "wrong", b"incorrect horse\n")
    plain_from_kycvs(kycvs, work)
    encrypted_from_kycvs(kycvs, work, passphrase, wrong)
    plain_from_openssl(kycvs, work)
    for cipher in ("aes-256-cbc", "aes-128-cbc"):
        encrypted_from_openssl(kycvs, work, cipher, passphrase, wrong)
    other_key_from_openssl(kycvs, work)
    checks.close()


def plain_from_kycvs(kycvs: Kycvs, work: Path) -> None:
    folder = work / "plain"
    made = kycvs("keygen", "--issuer", ISSUER, "--out-dir", folder)
    checks.check("kycvs makes a key", made.ok, made)
    public = openssl("pkey", "-in", folder / "issuer.pem", "-pubout")
    exported = kycvs("trust", "export", "--trust", folder / "trust.cbor", "--format", "pem")
    same = exported.ok and exported["data"].encode() == public != b""
    checks.check("openssl reads it, and has the public key that kycvs exports", same, exported)


def encrypted_from_kycvs(kycvs: Kycvs, work: Path, passphrase: Path, wrong: Path) -> None:
    folder = work / "encrypted"
    made = kycvs("keygen", "--issuer", ISSUER, "--out-dir", folder, "--passphrase-file", passphrase)
    checks.check("kycvs makes an encrypted key", made.ok, made)
    pem = folder / "issuer.pem"
    checks.check("the file is an encrypted PKCS#8 key", b"BEGIN ENCRYPTED PRIVATE KEY" in pem.read_bytes())
    public = openssl("pkey", "-in", pem, "-passin", f"file:{passphrase}", "-pubout")
    exported = kycvs("trust", "export", "--trust", folder / "trust.cbor", "--format", "pem")
    same = exported.ok and exported["data"].encode() == public != b""
    checks.check("openssl reads it with the passphrase, and has the same public key", same, exported)
    refused = openssl("pkey", "-in", pem, "-passin", f"file:{wrong}", "-pubout") == b""
    checks.check("openssl refuses it with a wrong passphrase", refused)
    issued = issue(kycvs, pem, "--passphrase-file", passphrase)
    checks.check("kycvs reads it with the passphrase", issued.ok, issued)
    issued = issue(kycvs, pem, "--passphrase-file", wrong)
    checks.check("kycvs refuses it with a wrong passphrase", issued.refused_with("wrong_passphrase"), issued)


def plain_from_openssl(kycvs: Kycvs, work: Path) -> None:
    pem = new_key(work / "openssl.pem")
    answer_verifies(kycvs, work, "a key by openssl", pem, pem)


def encrypted_from_openssl(kycvs: Kycvs, work: Path, cipher: str, passphrase: Path, wrong: Path) -> None:
    plain = new_key(work / f"{cipher}-plain.pem")
    pem = work / f"{cipher}.pem"
    openssl("pkey", "-in", plain, f"-{cipher}", "-passout", f"file:{passphrase}", "-out", pem)
    pem.chmod(0o600)
    name = f"a key encrypted by openssl with {cipher}"
    answer_verifies(kycvs, work, name, pem, plain, "--passphrase-file", passphrase)
    issued = issue(kycvs, pem, "--passphrase-file", wrong)
    checks.check(f"{name}: a wrong passphrase is refused", issued.refused_with("wrong_passphrase"), issued)


def other_key_from_openssl(kycvs: Kycvs, work: Path) -> None:
    for algorithm, options in {
        "X25519": [],
        "Ed448": [],
        "EC": ["-pkeyopt", "ec_paramgen_curve:P-256"],
    }.items():
        pem = work / f"{algorithm}.pem"
        openssl("genpkey", "-algorithm", algorithm, *options, "-out", pem)
        pem.chmod(0o600)
        issued = issue(kycvs, pem)
        checks.check(f"kycvs refuses openssl's {algorithm} key", issued.refused_with("invalid_key"), issued)


def answer_verifies(kycvs: Kycvs, work: Path, name: str, pem: Path, plain: Path, *options: object) -> None:
    """An answer under `pem` is good under the public key that openssl derives from `plain`, the same key."""
    public = write(work / "public.pem", openssl("pkey", "-in", plain, "-pubout"))
    # An SPKI of Ed25519 ends in the key itself.
    raw = openssl("pkey", "-in", plain, "-pubout", "-outform", "DER")[-32:]
    trust = work / f"{pem.stem}-trust.cbor"
    added = kycvs("trust", "add", "--trust", trust, "--issuer", ISSUER, public)
    checks.check(f"{name}: kycvs trusts its public key as openssl writes it", added.ok, added)
    issued = issue(kycvs, pem, *options)
    if checks.check(f"{name}: kycvs issues with it", issued.ok, issued):
        who = ["--audience", AUDIENCE, "--nonce", NONCE.hex(), "--now", NOW]
        verdict = kycvs("verify", "--at-least", 1, "--trust", trust, *who, issued["text"])
        good = verdict.ok and verdict["key_id"] == key_id(raw).hex()
        checks.check(f"{name}: the answer is good, under the key id of openssl's key", good, verdict)


def issue(kycvs: Kycvs, pem: Path, *options: object) -> Answer:
    return kycvs(
        "issue", "--key", pem, "--issuer", ISSUER, "--status", 1, "--purpose", PURPOSE,
        "--audience", AUDIENCE, "--nonce", NONCE.hex(), "--now", NOW, *options,
    )  # fmt: skip


def new_key(path: Path) -> Path:
    openssl("genpkey", "-algorithm", "ed25519", "-out", path)
    path.chmod(0o600)
    return path


def openssl(*arguments: object) -> bytes:
    """The standard output; empty where openssl failed."""
    words = ["openssl", *map(str, arguments)]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else b""


if __name__ == "__main__":
    main()
