"""Keys, trust stores and people: their forms, and what they never show."""

from __future__ import annotations

import copy
import itertools
import json
import pickle
from datetime import datetime, timezone
from typing import Any

import pytest
import vectors
from kycvs import (
    Algorithm,
    ImportedKey,
    IssuingError,
    SetUpError,
    SigningKey,
    Subject,
    TrustedKey,
    TrustStore,
    VerifyingKey,
    import_keys,
)

SEED = bytes(range(32))


@pytest.fixture
def key() -> SigningKey:
    return SigningKey.from_seed(SEED)


def test_a_secret_key_is_read_from_each_of_its_forms(key: SigningKey) -> None:
    pem, encrypted = key.to_pem(), key.to_encrypted_pem("pass")
    for again in (
        SigningKey.from_seed(bytearray(SEED)),
        SigningKey.from_seed(memoryview(SEED)),
        SigningKey.from_pem(pem),
        SigningKey.from_pem(pem.encode()),
        SigningKey.from_pem(bytearray(pem.encode())),
        SigningKey.from_encrypted_pem(encrypted, "pass"),
        SigningKey.from_encrypted_pem(encrypted.encode(), bytearray(b"pass")),
        SigningKey.from_jwk(key.to_jwk()),
        SigningKey.from_cose_key(key.to_cose_key()),
    ):
        assert again.verifying_key == key.verifying_key
        assert again.sign(b"message") == key.sign(bytearray(b"message"))
    assert SigningKey.is_encrypted_pem(encrypted)
    assert not SigningKey.is_encrypted_pem(pem)
    assert SigningKey.generate().verifying_key != SigningKey.generate().verifying_key


def test_a_passphrase_is_its_utf_8_bytes(key: SigningKey) -> None:
    encrypted = key.to_encrypted_pem("पासवर्ड")
    assert SigningKey.from_encrypted_pem(encrypted, "पासवर्ड".encode()).verifying_key == key.verifying_key
    with pytest.raises(IssuingError) as caught:
        SigningKey.from_encrypted_pem(encrypted, "another")
    assert caught.value.code == "wrong_passphrase"
    with pytest.raises(ValueError, match="passphrase"):
        key.to_encrypted_pem("\ud800")
    empties: list[str | bytes] = ["", b""]
    for empty in empties:
        with pytest.raises(IssuingError, match="an empty passphrase") as refused:
            key.to_encrypted_pem(empty)
        assert refused.value.code == "wrong_passphrase"


def test_no_secret_is_shown(key: SigningKey) -> None:
    shown = repr(key) + str(key) + repr(Subject("Asha Rao", "9876543210"))
    assert shown == "SigningKey(key_id='be5de2f4bcdc383a')" * 2 + "<Subject>"
    for secret in (key, Subject("Asha Rao")):
        with pytest.raises(TypeError, match="cannot pickle"):
            pickle.dumps(secret)
        assert copy.copy(secret) is copy.deepcopy(secret) is secret


def test_a_public_key_is_read_from_each_of_its_forms(key: SigningKey) -> None:
    public = key.verifying_key
    for again in (
        VerifyingKey.from_bytes(public.to_bytes()),
        VerifyingKey.from_bytes(bytearray(bytes(public))),
        VerifyingKey.from_pem(public.to_pem()),
        VerifyingKey.from_pem(public.to_pem().encode()),
        import_keys(public.to_pem()).keys[0].key,
        import_keys(public.to_jwk()).keys[0].key,
        import_keys(public.to_jwk().encode()).keys[0].key,
        import_keys(public.to_cose_key()).keys[0].key,
        pickle.loads(pickle.dumps(public)),
        copy.deepcopy(public),
    ):
        assert again == public
        assert hash(again) == hash(public)
    assert public != SigningKey.generate().verifying_key
    assert public.key_id == "be5de2f4bcdc383a"
    assert public.thumbprint.hex().startswith(public.key_id)
    assert repr(public) == "VerifyingKey(key_id='be5de2f4bcdc383a')"
    assert json.loads(public.to_jwk()) == {**json.loads(public.to_jwk()), "kid": public.key_id}
    assert "alg" not in json.loads(public.to_jwk())


def test_a_signature_is_checked(key: SigningKey) -> None:
    signature = key.sign(b"message")
    assert key.verifying_key.verifies(b"message", signature)
    assert key.verifying_key.verifies(bytearray(b"message"), memoryview(signature))
    assert not key.verifying_key.verifies(b"another", signature)
    assert not key.verifying_key.verifies(b"message", signature[:-1])
    assert not key.verifying_key.verifies(b"message", b"")


def test_cryptography_reads_our_keys_and_we_its(key: SigningKey) -> None:
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

    theirs = form.load_pem_private_key(key.to_pem().encode(), None)
    assert isinstance(theirs, Ed25519PrivateKey)
    assert theirs.sign(b"message") == key.sign(b"message")
    decrypted = form.load_pem_private_key(key.to_encrypted_pem("pass").encode(), b"pass")
    assert isinstance(decrypted, Ed25519PrivateKey)
    assert decrypted.private_bytes_raw() == SEED
    public = form.load_pem_public_key(key.verifying_key.to_pem().encode())
    assert isinstance(public, Ed25519PublicKey)
    assert public.public_bytes_raw() == key.verifying_key.to_bytes()
    pem = Ed25519PrivateKey.from_private_bytes(SEED).private_bytes(
        form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()
    )
    assert SigningKey.from_pem(pem).verifying_key == key.verifying_key


def test_imported_keys_are_a_sequence_of_values(key: SigningKey) -> None:
    public = key.verifying_key
    other = {"kty": "RSA", "n": "AQAB", "e": "AQAB"}
    jwks = json.dumps({"keys": [other, json.loads(public.to_jwk(Algorithm.ED25519))]})
    imported = import_keys(jwks)
    assert (len(imported), imported.skipped) == (1, 1)
    [one] = imported
    assert isinstance(one, ImportedKey)
    assert (one.key, one.algorithm) == (public, Algorithm.ED25519)
    assert imported == import_keys(jwks)
    assert hash(imported.keys[0]) == hash(one)
    assert hash(imported) == hash(copy.deepcopy(imported))
    assert one == copy.copy(imported).keys[0]
    assert repr(imported) == "<ImportedKeys: 1 key, 1 skipped>"
    two = import_keys(public.to_pem() + SigningKey.generate().verifying_key.to_pem())
    assert repr(two) == "<ImportedKeys: 2 keys, 0 skipped>"
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        for value in (imported, two, one, two.keys[1]):
            again = pickle.loads(pickle.dumps(value, protocol))
            assert type(again) is type(value)
            assert again == value
            assert hash(again) == hash(value)
    assert repr(one) == "ImportedKey(key_id='be5de2f4bcdc383a', algorithm=Ed25519)"
    assert import_keys(public.to_cose_key()).keys[0].algorithm is None
    # The file's algorithm is taken, and another one is not.
    assert TrustedKey("issuer", one).algorithm is Algorithm.ED25519
    with pytest.raises(SetUpError):
        TrustedKey("issuer", one, algorithm=Algorithm.EDDSA)


def test_a_trusted_key_says_what_it_is(key: SigningKey) -> None:
    after = datetime(2030, 1, 1, tzinfo=timezone.utc)
    trusted = TrustedKey(
        "in.gov.cowin", key.verifying_key, algorithm=Algorithm.ED25519, not_before=5, not_after=after, withdrawn=True
    )
    assert trusted.issuer == "in.gov.cowin"
    assert trusted.key == key.verifying_key
    assert trusted.key_id == key.verifying_key.key_id
    assert trusted.algorithm is Algorithm.ED25519
    assert (trusted.not_before_seconds, trusted.not_after) == (5, after)
    assert trusted.not_before == datetime(1970, 1, 1, 0, 0, 5, tzinfo=timezone.utc)
    assert trusted.not_after_seconds == 1_893_456_000
    assert trusted.withdrawn
    assert "not_after=2030-01-01T00:00:00+00:00" in repr(trusted)
    assert repr(trusted).endswith("withdrawn)")
    plain = TrustedKey("in.gov.cowin", key.verifying_key)
    assert (plain.not_before, plain.not_before_seconds, plain.not_after, plain.not_after_seconds) == (None,) * 4
    assert plain != trusted
    assert not plain.withdrawn
    for value, protocol in itertools.product((plain, trusted), range(pickle.HIGHEST_PROTOCOL + 1)):
        again = pickle.loads(pickle.dumps(value, protocol))
        assert again == value == copy.deepcopy(value)
        assert hash(again) == hash(value)
    endless = TrustedKey("in.gov.cowin", key.verifying_key, not_after=2**64 - 1)
    with pytest.raises(OverflowError, match="not_after_seconds"):
        _ = endless.not_after
    assert pickle.loads(pickle.dumps(endless)) == endless


def test_a_trust_store_is_a_value() -> None:
    keys = [TrustedKey(f"issuer-{number}", SigningKey.generate().verifying_key) for number in range(3)]
    trust = TrustStore(keys)
    assert trust == TrustStore(reversed(keys)) == TrustStore(key for key in keys)
    assert trust.keys == tuple(keys) == tuple(trust)
    assert len(trust) == 3
    assert keys[0] in trust
    assert TrustStore.from_bytes(trust.to_bytes()) == trust == pickle.loads(pickle.dumps(trust))
    assert bytes(trust) == trust.to_bytes()
    assert hash(trust) == hash(copy.deepcopy(trust))
    assert repr(trust) == "<TrustStore: 3 keys>"
    assert repr(TrustStore(keys[:1])) == "<TrustStore: 1 key>"
    assert not TrustStore()
    longer = trust.with_key("issuer-3", SigningKey.generate().verifying_key)
    assert (len(trust), len(longer)) == (3, 4)
    assert trust != longer
    arguments: dict[str, Any] = {"algorithm": Algorithm.ED25519, "not_before": 5, "not_after": 6, "withdrawn": True}
    trusted = TrustedKey("issuer-3", keys[0].key, **arguments)
    assert TrustStore().with_key("issuer-3", keys[0].key, **arguments).keys == (trusted,)
    with pytest.raises(SetUpError) as caught:
        trust.with_key("issuer-9", keys[0].key)
    assert caught.value.code == "bad_trust_store"
    with pytest.raises(SetUpError):
        TrustStore([*keys, keys[0]])


def test_people_are_compared_by_their_normal_forms() -> None:
    one = Subject("A.P.J. Abdul Kalam", "098765 43210")
    other = Subject("a p j  abdul kalam", mobile="+91-98765-43210")
    assert one == other
    assert hash(one) == hash(other)
    assert one != Subject("a p j abdul kalam")
    assert Subject("Asha").mobile is None
    with pytest.raises(SetUpError) as caught:
        Subject("...")
    assert caught.value.code == "invalid_claim"
    with pytest.raises(SetUpError):
        one.commitment(bytes(15))


def test_the_values_in_python_are_the_cores() -> None:
    """The enums' members: each is known to the core, and each of the core's is there."""
    statuses = {one["expected"]["verdict"]["status"] for one in vectors.cases("valid.json")}
    assert statuses == {0, 1, 2}
    from kycvs import Issuer, Status

    issuer = Issuer("in.gov.cowin", SigningKey.generate())
    assert {int(status) for status in Status} == statuses
    for status in Status:
        assert issuer.issue(status, "gate", valid_for=1).unverified_claims().status is status
    for algorithm in Algorithm:
        named = Issuer("in.gov.cowin", SigningKey.generate(), algorithm=algorithm)
        assert named.issue(Status.NOT_VACCINATED, "gate", valid_for=1).unverified_claims().algorithm is algorithm
    entries = [entry for store in vectors.CONTENT["valid.json"]["trust_stores"].values() for entry in store]
    assert {algorithm.value for algorithm in Algorithm} == {entry["algorithm"] for entry in entries}
