"""A client that was written for the KYC-VS of 2021, with only its address changed.

Its shape is that of the public clients of that time: `requests`, the paths below `/api`, an e-mail address that was never
asked for, the password as SHA-256 in hexadecimal digits, and decisions by the HTTP status.
"""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
import requests
from kycvs import Subject, TrustStore, Verifier

from conftest import NewPerson
from service import Person, Service

NAME = "old.example"


class OldClient:
    def __init__(self, base: str, api_key: str) -> None:
        self.base, self.headers = base, {"x-api-key": api_key}
        self.transaction = ""

    def generate_otp(self, person: Person) -> requests.Response:
        body = {
            "mobile_number": person.number.removeprefix("+91"),
            "full_name": person.name,
            "email_id": "a@b.example",
        }
        reply = requests.post(
            f"{self.base}/v3/vaccination/generateOTP", json=body, headers=self.headers, timeout=20
        )
        self.transaction = reply.json().get("txnId", "")
        return reply

    def confirm_otp(self, otp: str) -> requests.Response:
        digest = hashlib.sha256(otp.encode("ascii")).hexdigest()
        body = {"otp": digest, "txnId": self.transaction}
        return requests.post(
            f"{self.base}/v3/vaccination/confirmOTP", json=body, headers=self.headers, timeout=20
        )

    def status(self, token: str) -> requests.Response:
        headers = {"Authorization": "Bearer " + token}
        return requests.get(f"{self.base}/v3/vaccination/status", headers=headers, timeout=20)


@pytest.fixture(scope="module")
def key(service: Service) -> str:
    return str(service.entity(NAME)["api_key"])


@pytest.mark.parametrize("prefix", ["", "/api"])
@pytest.mark.parametrize("status", [2, 1, 0])
def test_it_works_as_before(
    service: Service, new_person: NewPerson, key: str, status: int, prefix: str
) -> None:
    person = new_person(service, status)
    client = OldClient(service.url + prefix, key)
    assert client.generate_otp(person).status_code == 200
    confirmed = client.confirm_otp(service.gateway.otp(person.number))
    assert confirmed.status_code == 200, confirmed.text
    told: dict[str, Any] = client.status(confirmed.json()["token"]).json()
    assert told["vaccination_status"] == status
    # And beside the number, the answer that nobody has to take on trust.
    trust = requests.get(f"{service.url}/.well-known/kycvs/trust.cbor", timeout=20).content
    verifier = Verifier(TrustStore.from_bytes(trust), audience=NAME)
    subject = Subject(person.name, person.number)
    verdict = verifier.verify(
        told["presentation"], nonce=None, purpose="vaccination-status", subject=subject
    )
    assert verdict.subject_matched
    assert int(verdict.status) == status


@pytest.mark.parametrize("consents", [True, False])
def test_without_a_record_the_person_chooses_on_the_page(
    service: Service, new_person: NewPerson, key: str, consents: bool
) -> None:
    person, client = new_person(service, None), OldClient(service.url, key)
    client.generate_otp(person)
    otp = service.gateway.otp(person.number)
    refused = client.confirm_otp(otp)
    assert (refused.status_code, refused.json()["code"]) == (409, "continue_on_page")
    told = refused.json()
    # Nothing that the entity's server has makes an answer.
    assert client.confirm_otp(otp).status_code == 409
    assert client.status(told["token"]).json()["code"] == "continue_on_page"
    assert requests.get(told["url"], timeout=20).status_code == 200
    request = told["url"].rsplit("/", 1)[1]
    if consents:
        assert person.consent(request, is_given=True)["status"] == 0
        assert client.status(told["token"]).json()["vaccination_status"] == 0
    else:
        person.decline(request)
        assert client.status(told["token"]).status_code == 410


def test_a_wrong_password_is_401_as_before(service: Service, new_person: NewPerson, key: str) -> None:
    person, client = new_person(service), OldClient(service.url, key)
    client.generate_otp(person)
    right = service.gateway.otp(person.number)
    wrong = f"{(int(right) + 1) % 1_000_000:06}"
    assert client.confirm_otp(wrong).status_code == 401
    assert client.confirm_otp(right).status_code == 200


def test_without_a_key_nothing_is_sent(service: Service, new_person: NewPerson) -> None:
    before = len(service.gateway.messages)
    person = new_person(service)
    assert OldClient(service.url, "kycvs_unknown").generate_otp(person).status_code == 401
    assert (
        requests.post(
            f"{service.url}/v3/vaccination/generateOTP",
            json={"mobile_number": person.number, "full_name": person.name},
            timeout=20,
        ).status_code
        == 401
    )
    assert OldClient(service.url, "").status("nothing").status_code == 401
    assert len(service.gateway.messages) == before
