"""Verifies a scanned answer, and acts on the verdict.

    python verify_scanned.py TRUST_FILE AUDIENCE NONCE [TEXT_FILE]

TRUST_FILE is the store of trusted keys that the issuer gave out (`trust.cbor`), AUDIENCE the verifying entity's own name,
NONCE the challenge that it gave, in hexadecimal digits. The scanned text (`KV1:...`) is read from TEXT_FILE, or from
standard input.

Exit status: 0 let the person through, 1 not, 2 something has to be mended here.
"""

from __future__ import annotations

import sys
from pathlib import Path

from kycvs import RefusedError, SetUpError, Status, TrustStore, UnreadableError, UntrustedError, Verifier


def main(trust_file: str, audience: str, nonce: str, text_file: str | None = None) -> int:
    try:
        # Once, when the program starts. Threads may share the verifier.
        verifier = Verifier(TrustStore.from_bytes(Path(trust_file).read_bytes()), audience=audience)

        # For each answer. What is no UTF-8 is garbage like any other, and refused as such.
        data = sys.stdin.buffer.read() if text_file is None else Path(text_file).read_bytes()
        verdict = verifier.verify(data.decode(errors="replace"), nonce=bytes.fromhex(nonce))
    except UnreadableError as error:
        print(f"Scan again. ({error.code}: {error})")
        return 1
    except UntrustedError as error:
        print(f"Do not rely on this answer. ({error.code}: {error})")
        return 1
    except RefusedError as error:
        print(f"Ask for a new answer. ({error.code}: {error})")
        return 1
    except SetUpError as error:
        # Of this program's own: the trust store, the audience or the nonce.
        print(f"Nothing is wrong with the answer: call the operator. ({error.code}: {error})", file=sys.stderr)
        return 2
    except (OSError, ValueError) as error:
        # A file that cannot be read, a nonce that is not hexadecimal.
        print(f"Nothing is wrong with the answer: call the operator. ({error})", file=sys.stderr)
        return 2

    # What counts as vaccinated is this entity's own rule.
    if not verdict.meets(Status.FULLY_VACCINATED):
        print(f"Not fully vaccinated, says {verdict.issuer}.")
        return 1
    print(f"Fully vaccinated, says {verdict.issuer}; good until {verdict.expires_at:%Y-%m-%d %H:%M} UTC.")
    return 0


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5):
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    sys.exit(main(*sys.argv[1:]))
