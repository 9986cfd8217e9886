"""Issues one answer, and prints its text for a QR code.

    python issue_answer.py FOLDER AUDIENCE NONCE STATUS

FOLDER holds the issuer's key (`issuer.pem`) and the trust store that verifiers get (`trust.cbor`); both are made where
they are not there yet. AUDIENCE is the verifying entity that asks, NONCE its challenge in hexadecimal digits, STATUS what
the register says: 0 not, 1 partially, 2 fully vaccinated.

Exit status: 0 issued, 2 not, and standard error says why.
"""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from pathlib import Path

from kycvs import Issuer, IssuingError, SetUpError, SigningKey, Status, TrustStore

ISSUER = "in.gov.cowin"


def main(folder: str, audience: str, nonce: str, status: str) -> int:
    try:
        issuer = Issuer(ISSUER, signing_key(Path(folder)))
        answer = issuer.issue(
            Status(int(status)),
            "rail-booking",
            valid_for=timedelta(minutes=15),
            audience=audience,
            nonce=bytes.fromhex(nonce),
        )
    except (IssuingError, SetUpError) as error:
        print(f"error[{error.code}]: {error}", file=sys.stderr)
        return 2
    except (OSError, ValueError) as error:
        # A file that cannot be read or written, a status that there is not, a nonce that is not hexadecimal.
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(answer.to_text())
    return 0


def signing_key(folder: Path) -> SigningKey:
    """The issuer's key. A real one is encrypted (`to_encrypted_pem`) or lives in an HSM (see `kycvs.Signer`)."""
    key_file, trust_file = folder / "issuer.pem", folder / "trust.cbor"
    if key_file.exists():
        key = SigningKey.from_pem(key_file.read_bytes())
    else:
        key = SigningKey.generate()
        folder.mkdir(parents=True, exist_ok=True)
        # For nobody else to read, from the start.
        with open(os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(key.to_pem())
    if not trust_file.exists():
        trust_file.write_bytes(TrustStore().with_key(ISSUER, key.verifying_key).to_bytes())
    return key


if __name__ == "__main__":
    if len(sys.argv) != 5:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    sys.exit(main(*sys.argv[1:]))
