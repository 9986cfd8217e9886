"""What a Python user would pick instead, for bench.py: each function here makes a token and gives a call that verifies it.

The tokens have the same content, and the call does the same work: the token is read, its signature is good, it has not
expired, issuer, audience, nonce and purpose are the expected ones. A call is shown to refuse another nonce before it is
measured.

Libraries without types are imported by name, and so are those that the tests have not installed.
"""

from __future__ import annotations

import datetime
import importlib
import json
import secrets
import time
from collections.abc import Callable
from typing import Any

import kycvs

Call = Callable[[], object]

ISSUER = "in.gov.cowin"
AUDIENCE = "irctc.co.in"
PURPOSE = "rail-booking"
LIFETIME = 86400


def checked(verify: Callable[[object], object], nonce: object, another: object) -> Call:
    """The call, after it has shown that it looks at the nonce."""
    verify(nonce)
    try:
        verify(another)
    except Exception:  # whatever a library raises
        return lambda: verify(nonce)
    raise AssertionError("another nonce was accepted")


def require(claims: dict[Any, Any], expected: dict[Any, object]) -> object:
    """What a library has no rule for is compared by hand."""
    if any(claims[name] != value for name, value in expected.items()):
        raise ValueError("another answer")
    return claims


def json_claims(nonce: str) -> dict[str, Any]:
    return {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "jti": secrets.token_hex(16),
        "nonce": nonce,
        "status": 2,
        "purpose": PURPOSE,
        "commitment": secrets.token_urlsafe(32),
    }


def pyjwt_eddsa() -> Call:
    """PyJWT: a JWT with `EdDSA`."""
    import jwt
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    nonce = secrets.token_urlsafe(16)
    now = int(time.time())
    token = jwt.encode(json_claims(nonce) | {"iat": now, "exp": now + LIFETIME}, key, algorithm="EdDSA")
    public = key.public_key()

    def verify(nonce: object) -> object:
        claims = jwt.decode(token, public, algorithms=["EdDSA"], audience=AUDIENCE, issuer=ISSUER)
        return require(claims, {"nonce": nonce, "purpose": PURPOSE})

    return checked(verify, nonce, "another")


def own_token() -> tuple[bytes, bytes, kycvs.VerifyingKey]:
    """A token of this project, its nonce, and its key: for libraries that read CWTs."""
    signing = kycvs.SigningKey.generate()
    nonce = secrets.token_bytes(16)
    answer = kycvs.Issuer(ISSUER, signing).issue(
        kycvs.Status.FULLY_VACCINATED,
        PURPOSE,
        valid_for=LIFETIME,
        audience=AUDIENCE,
        nonce=nonce,
        subject=kycvs.Subject("A.P.J. Abdul Kalam"),
    )
    return answer.without_opening().to_bytes(), nonce, signing.verifying_key


def cwt() -> Call:
    """PyPI's cwt: it checks the signature and the times."""
    from cwt import COSEKey, decode

    token, nonce, public = own_token()
    # The COSE_Key's labels: kty OKP, kid, alg EdDSA, key_ops verify, crv Ed25519, x.
    key = COSEKey.new({1: 1, 2: bytes.fromhex(public.key_id), 3: -8, 4: [2], -1: 6, -2: public.to_bytes()})

    def verify(nonce: object) -> object:
        claims = decode(token, key)
        assert isinstance(claims, dict)
        # The numbers of the claims: issuer, audience, nonce.
        return require(claims, {1: ISSUER, 3: AUDIENCE, 10: nonce})

    return checked(verify, nonce, bytes(16))


def pycose() -> Call:
    """pycose: it checks the signature, and knows nothing of claims."""
    cbor2 = importlib.import_module("cbor2")
    keys, messages = (importlib.import_module(f"pycose.{name}") for name in ("keys", "messages"))
    token, nonce, public = own_token()
    key = keys.OKPKey(crv="ED25519", x=public.to_bytes())

    def verify(nonce: object) -> object:
        message = messages.Sign1Message.decode(token)
        message.key = key
        if not message.verify_signature():
            raise ValueError("another signature")
        claims: dict[Any, Any] = cbor2.loads(message.payload)
        if claims[4] <= time.time():
            raise ValueError("expired")
        return require(claims, {1: ISSUER, 3: AUDIENCE, 10: nonce})

    return checked(verify, nonce, bytes(16))


def pyseto() -> Call:
    """pyseto: PASETO v4.public."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    library = importlib.import_module("pyseto")
    pair = Ed25519PrivateKey.generate()
    private = pair.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = pair.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signing, key = (library.Key.new(version=4, purpose="public", key=pem) for pem in (private, public))
    nonce = secrets.token_urlsafe(16)
    token = library.encode(signing, json_claims(nonce), serializer=json, exp=LIFETIME)

    def verify(nonce: object) -> object:
        claims = library.decode(key, token, deserializer=json, aud=AUDIENCE).payload
        return require(claims, {"iss": ISSUER, "nonce": nonce, "purpose": PURPOSE})

    return checked(verify, nonce, "another")


def biscuit() -> Call:
    """biscuit-python: what the token says are facts, what is expected is a policy."""
    library = importlib.import_module("biscuit_auth")
    keys = library.KeyPair()
    nonce = secrets.token_bytes(16)
    token = bytes(
        library.BiscuitBuilder(
            """issuer({issuer}); audience({audience}); nonce({nonce}); purpose({purpose}); status(2); id({id});
            commitment({commitment}); check if time($time), $time < {expires};""",
            {
                "issuer": ISSUER,
                "audience": AUDIENCE,
                "nonce": nonce,
                "purpose": PURPOSE,
                "id": secrets.token_bytes(16),
                "commitment": secrets.token_bytes(32),
                "expires": datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=LIFETIME),
            },
        )
        .build(keys.private_key)
        .to_bytes()
    )
    public = keys.public_key
    wanted = "allow if issuer({issuer}), audience({audience}), nonce({nonce}), purpose({purpose})"

    def verify(nonce: object) -> object:
        expected = {"issuer": ISSUER, "audience": AUDIENCE, "nonce": nonce, "purpose": PURPOSE}
        authorizer = library.AuthorizerBuilder(wanted, expected)
        # A busy machine may take its time.
        limits = authorizer.limits()
        limits.max_time = datetime.timedelta(seconds=1)
        authorizer.set_limits(limits)
        authorizer.set_time()
        return authorizer.build(library.Biscuit.from_bytes(token, public)).authorize()

    return checked(verify, nonce, bytes(16))


def cryptography_ed25519() -> Call:
    """The bare signature of cryptography (OpenSSL) over as many bytes as a token signs."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    message = secrets.token_bytes(200)
    signature = key.sign(message)
    public = key.public_key()

    def verify() -> object:
        return public.verify(signature, message)

    return verify


PEERS: dict[str, Callable[[], Call]] = {
    "pyjwt-eddsa": pyjwt_eddsa,
    "cwt": cwt,
    "pycose": pycose,
    "pyseto": pyseto,
    "biscuit": biscuit,
    "cryptography-ed25519": cryptography_ed25519,
}
