"""Signed calls (RFC 9421) in place of an API key, made by PyPI's `http-message-signatures`."""

from __future__ import annotations

import secrets
import time
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from http_message_signatures import HTTPMessageSigner, HTTPSignatureKeyResolver, algorithms

from service import PURPOSE, Service

NAME = "signs.example"


class Keys(HTTPSignatureKeyResolver):
    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    def resolve_private_key(self, key_id: str) -> Ed25519PrivateKey:
        return self._key

    def resolve_public_key(self, key_id: str) -> Any:
        return self._key.public_key()


class Signs:
    """An entity that signs its calls."""

    def __init__(self, service: Service, key: Ed25519PrivateKey) -> None:
        self.service, self.key = service, key

    def prepared(
        self, body: dict[str, Any] | None = None, path: str = "/v1/requests"
    ) -> requests.PreparedRequest:
        method = "GET" if body is None else "POST"
        return requests.Request(method, self.service.url + path, json=body).prepare()

    def sign(
        self, request: requests.PreparedRequest, key_id: str = NAME, **more: Any
    ) -> requests.PreparedRequest:
        signer = HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=Keys(self.key))
        settings = {"covered_component_ids": ("@method", "@target-uri"), "body": request.body, **more}
        signer.sign(request, key_id=key_id, **settings)
        return request

    def send(self, request: requests.PreparedRequest) -> requests.Response:
        with requests.Session() as session:
            return session.send(request, timeout=20)


def question() -> dict[str, Any]:
    return {"purpose": PURPOSE, "nonce": secrets.token_urlsafe(16)}


@pytest.fixture(scope="module")
def entity(service: Service) -> Signs:
    key = Ed25519PrivateKey.generate()
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (service.folder / "request-key.pem").write_bytes(pem)
    added = service.entity(NAME, None, "--request-key", "request-key.pem")
    assert "api_key" not in added
    return Signs(service, key)


def test_a_signed_call_is_taken(entity: Signs) -> None:
    asked = entity.send(entity.sign(entity.prepared(question())))
    assert asked.status_code == 201, asked.text
    request = asked.json()["id"]
    seen = entity.send(entity.sign(entity.prepared(path=f"/v1/requests/{request}")))
    assert (seen.status_code, seen.json()["state"]) == (200, "open")
    # With what more a library covers or says.
    for more in (
        {"covered_component_ids": ("@method", "@authority", "@target-uri", "content-type")},
        {"nonce": secrets.token_urlsafe(8), "label": "sig1"},
        {"expires": datetime.now() + timedelta(minutes=1)},
    ):
        asked = entity.send(entity.sign(entity.prepared(question()), **more))
        assert asked.status_code == 201, (more, asked.text)


def test_an_altered_call_is_refused(entity: Signs) -> None:
    def signed(**more: Any) -> requests.PreparedRequest:
        return entity.sign(entity.prepared(question()), **more)

    body, digest, path, method, cut, bare = (signed() for _ in range(6))
    assert isinstance(body.body, bytes) and isinstance(digest.body, bytes)
    body.body = body.body.replace(PURPOSE.encode(), b"reel-booking")
    other = entity.prepared(question())
    digest.body = other.body
    digest.headers["Content-Digest"] = entity.sign(other).headers["Content-Digest"]
    path.url = f"{entity.service.url}/v1/requests?more=1"
    method.method = "GET"
    cut.headers["Signature"] = str(cut.headers["Signature"]).replace("pyhms=:", "pyhms=:A")
    del bare.headers["Signature"]
    stranger = Signs(entity.service, Ed25519PrivateKey.generate())
    now = datetime.now()
    altered = {
        "the body": body,
        "the body and its digest": digest,
        "the query": path,
        "the method": method,
        "the signature": cut,
        "no signature": bare,
        "another key": stranger.sign(entity.prepared(question())),
        "another name": signed(key_id="irctc.example"),
        "an unknown name": signed(key_id="nobody.example"),
        "too old": signed(created=now - timedelta(seconds=301)),
        "over": signed(expires=now - timedelta(seconds=1)),
        "no digest": signed(body=None),
        "no algorithm": signed(include_alg=False),
        "no method": signed(covered_component_ids=("@target-uri",)),
        "no address": signed(covered_component_ids=("@method",)),
        "no signature at all": entity.prepared(question()),
    }
    taken = {what: reply.status_code for what, call in altered.items() if (reply := entity.send(call)).ok}
    assert taken == {}
    # 300 seconds are allowed, in whole ones. One more is refused, where the reply comes in the second of the question.
    for _ in range(10):
        time.sleep(1 - time.time() % 1)
        begun = datetime.now()
        early = entity.send(signed(created=begun + timedelta(seconds=301)))
        if datetime.now().replace(microsecond=0) == begun.replace(microsecond=0):
            break
    assert (early.status_code, early.json()["code"]) == (401, "unauthorized"), early.text
    for what, call in altered.items():
        if what != "the method":
            reply = entity.send(call)
            assert (reply.status_code, reply.json()["code"]) == (401, "unauthorized"), (what, reply.text)


def test_a_key_is_its_entitys_alone(entity: Signs, service: Service) -> None:
    other = service.entity("other.example")
    headers = {"Authorization": f"Bearer {other['api_key']}"}
    request = entity.send(entity.sign(entity.prepared(question()))).json()["id"]
    reply = requests.get(f"{service.url}/v1/requests/{request}", headers=headers, timeout=20)
    assert (reply.status_code, reply.json()["code"]) == (404, "not_found")
