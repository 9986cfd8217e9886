"""A party that signs: its keys as `kycvs` made them, in the hands of PyPI's `cwt` and `pycose`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cwt import COSE, COSEKey, Signer
from pycose.algorithms import EdDSA
from pycose.headers import KID, Algorithm
from pycose.keys import OKPKey
from pycose.messages import Sign1Message

from token_profile import ALGORITHMS, EDDSA, header, key_id


@dataclass
class Party:
    """A key pair in a folder with `issuer.pem` and `trust.cbor`, and the algorithm that `trust.cbor` names."""

    folder: Path
    algorithm: str

    @property
    def private(self) -> Ed25519PrivateKey:
        key = serialization.load_pem_private_key((self.folder / "issuer.pem").read_bytes(), None)
        assert isinstance(key, Ed25519PrivateKey)
        return key

    @property
    def public(self) -> bytes:
        return self.private.public_key().public_bytes_raw()

    def cwt_key(self, algorithm: str | None = None) -> COSEKey:
        kid = key_id(self.public)
        return COSEKey.from_pem(
            (self.folder / "issuer.pem").read_bytes(), kid=kid, alg=algorithm or self.algorithm
        )

    def cwt_public_key(self) -> COSEKey:
        kid = key_id(self.public)
        return COSEKey.new({1: 1, 2: kid, 3: ALGORITHMS[self.algorithm], 4: [2], -1: 6, -2: self.public})

    def pycose_key(self) -> OKPKey:
        return OKPKey(crv="ED25519", x=self.public, d=self.private.private_bytes_raw())

    def header(self, **changes: Any) -> dict[int, Any]:
        return header(self.public, ALGORITHMS[self.algorithm], **changes)

    # What the libraries read and make with it.

    def cwt_decode(self, token: bytes) -> bytes:
        return COSE.new(verify_kid=True).decode(token, self.cwt_public_key())

    def cwt_sign(self, protected: dict[int, Any], payload: bytes, **more: Any) -> bytes:
        return COSE.new().encode_and_sign(payload, self.cwt_key(), protected=protected, **more)

    def pycose_sign(self, protected: dict[int, Any], payload: bytes) -> bytes:
        typed = {Algorithm: EdDSA, KID: protected[4], 16: protected[16]}
        message = Sign1Message(phdr=typed, payload=payload)
        message.key = self.pycose_key()
        return message.encode()

    def pycose_verifies(self, token: bytes) -> bool:
        message = Sign1Message.decode(token)
        message.key = OKPKey(crv="ED25519", x=self.public)
        return bool(message.verify_signature())

    def cwt_sign_as(self, algorithm: str, payload: bytes, **changes: Any) -> bytes:
        protected = header(self.public, ALGORITHMS[algorithm], **changes)
        return COSE.new().encode_and_sign(payload, self.cwt_key(algorithm), protected=protected)

    def es256(self, payload: bytes) -> bytes:
        private = ec.generate_private_key(ec.SECP256R1())
        pem = private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        key = COSEKey.from_pem(pem, kid=key_id(self.public), alg="ES256")
        return COSE.new().encode_and_sign(payload, key, protected=header(self.public, -7))

    def cose_mac0(self, payload: bytes) -> bytes:
        key = COSEKey.generate_symmetric_key(alg="HS256", kid=key_id(self.public))
        return COSE.new().encode_and_mac(payload, key, protected=header(self.public, 5))

    def cose_encrypt0(self, payload: bytes) -> bytes:
        key = COSEKey.generate_symmetric_key(alg="A128GCM", kid=key_id(self.public))
        return COSE.new().encode_and_encrypt(
            payload, key, protected=header(self.public, 1), unprotected={5: bytes(12)}
        )

    def cose_sign(self, payload: bytes) -> bytes:
        signer = Signer.new(self.cwt_key(), protected={1: EDDSA, 4: key_id(self.public)})
        return COSE.new().encode_and_sign(payload, signers=[signer], protected=self.header())
