"""The issuer's key, in each form that the service gives out, in the hands of other people's libraries."""

from __future__ import annotations

import base64
import secrets
from io import BytesIO
from typing import Any

import cbor2
import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cwt import COSE, COSEKey
from kycvs import Status, TrustStore, Verifier

from service import ISSUER, PURPOSE, Api, Service, run

NAME = "keys.example"


@pytest.fixture(scope="module")
def answer(service: Service) -> tuple[bytes, bytes]:
    """A presentation, and the challenge that it answers."""
    from conftest import person_of

    api, nonce = Api(service, service.entity(NAME)["api_key"]), secrets.token_bytes(16)
    request = api.ask(base64.urlsafe_b64encode(nonce).rstrip(b"=").decode())["id"]
    presentation = person_of(service).consent(request)["presentation"]
    return base64.urlsafe_b64decode(presentation + "=="), nonce


def get(service: Service, path: str) -> bytes:
    reply = requests.get(service.url + path, timeout=20)
    assert reply.status_code == 200, reply.text
    return reply.content


def token_of(presentation: bytes) -> bytes:
    """The first item: what stands behind it is the opening."""
    stream = BytesIO(presentation)
    cbor2.CBORDecoder(stream).decode()
    return presentation[: stream.tell()]


@pytest.mark.parametrize("path", ["/.well-known/kycvs/jwks.json", "/jwks.json"])
def test_pyjwt_reads_the_jwks(service: Service, answer: tuple[bytes, bytes], path: str) -> None:
    keys = jwt.PyJWKSet.from_json(get(service, path).decode()).keys
    assert len(keys) == 1
    key: Any = keys[0].key
    assert isinstance(key, Ed25519PublicKey)
    protected, _, payload, signature = cbor2.loads(token_of(answer[0])).value
    key.verify(signature, cbor2.dumps(["Signature1", protected, b"", payload]))


@pytest.mark.parametrize("path", ["/.well-known/kycvs/cose-keyset", "/cose-keyset"])
def test_cwt_reads_the_cose_key_set(service: Service, answer: tuple[bytes, bytes], path: str) -> None:
    keys = [COSEKey.new(key) for key in cbor2.loads(get(service, path))]
    assert len(keys) == 1
    payload = COSE.new().decode(token_of(answer[0]), keys)
    assert cbor2.loads(payload)[3] == NAME


def test_the_trust_store_is_all_that_a_verifier_needs(service: Service, answer: tuple[bytes, bytes]) -> None:
    presentation, nonce = answer
    trust = get(service, "/.well-known/kycvs/trust.cbor")
    verdict = Verifier(TrustStore.from_bytes(trust), audience=NAME).verify(
        presentation, nonce=nonce, purpose=PURPOSE
    )
    assert (verdict.status, verdict.issuer) == (Status.FULLY_VACCINATED, ISSUER)
    folder = service.folder
    (folder / "trust.cbor").write_bytes(trust)
    (folder / "answer.kycvs").write_bytes(presentation)
    challenge = ["--audience", NAME, "--nonce", nonce.hex()]
    said = run(folder, "verify", "--trust", "trust.cbor", *challenge, "answer.kycvs")
    assert said.startswith("good: fully vaccinated (2)")


def test_all_of_them_are_the_key_that_was_made(service: Service) -> None:
    made = TrustStore.from_bytes((service.folder / "issuer" / "trust.cbor").read_bytes())
    assert TrustStore.from_bytes(get(service, "/.well-known/kycvs/trust.cbor")) == made
