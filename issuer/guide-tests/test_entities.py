"""What becomes of an entity's requests when the entity is no more."""

from __future__ import annotations

import secrets

from conftest import NewPerson
from service import Api, Service


def test_a_request_is_over_where_its_entity_is_disabled(service: Service, new_person: NewPerson) -> None:
    """Between the password and the consent: nobody is there any more who may get the answer."""
    api = Api(service, service.entity("leaves.example")["api_key"])
    person = new_person(service)
    request = api.ask(secrets.token_urlsafe(16))["id"]
    assert person.post(request, "otp", {"name": person.name, "mobile": person.number}).status_code == 202
    otp = service.gateway.otp(person.number)
    service.kycvs("entity", "disable", "leaves.example")
    for _ in range(2):
        reply = person.post(request, "confirm", {"otp": otp})
        assert (reply.status_code, reply.json().get("code")) == (410, "request_over"), reply.status_code
        assert "presentation" not in reply.text
