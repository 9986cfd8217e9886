"""Webhooks, as PyPI's `standardwebhooks` and a listener see them."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from conftest import NewPerson
from service import Api, Listener, Service, until

NewListener = Callable[..., Listener]


def registered(service: Service, name: str, listener: Listener) -> tuple[Api, Webhook, str]:
    entity = service.entity(name, listener.url)
    return Api(service, entity["api_key"]), Webhook(entity["webhook_key"]), entity["webhook_key"]


def nonce() -> str:
    return secrets.token_urlsafe(16)


def test_an_answer_is_told_as_it_is_seen(
    service: Service, listener: NewListener, new_person: NewPerson
) -> None:
    heard = listener()
    api, webhook, secret = registered(service, "hears.example", heard)
    request = api.ask(nonce())["id"]
    answer = new_person(service).consent(request)
    headers, body = heard.got.get(timeout=20)
    event: dict[str, Any] = webhook.verify(body, headers)
    assert event["type"] == "request.answered"
    assert event["data"] == api.view(request)
    assert event["data"]["presentation"] == answer["presentation"]
    assert datetime.fromisoformat(event["timestamp"].replace("Z", "+00:00")).tzinfo
    assert headers["content-type"] == "application/json"
    # The library can say no as well.
    for changed in (body.replace(b"answered", b"declined"), body + b" "):
        with pytest.raises(WebhookVerificationError):
            webhook.verify(changed, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 43 + "=").verify(body, headers)
    assert secret not in service.log.read_text()


def test_it_comes_again_until_it_is_taken(
    service: Service, listener: NewListener, new_person: NewPerson
) -> None:
    replies = iter([500, 302, 404])
    heard = listener(lambda _headers, _body: next(replies, 204))
    api, webhook, _ = registered(service, "stumbles.example", heard)
    request = api.ask(nonce())["id"]
    new_person(service).consent(request)
    calls = [heard.got.get(timeout=20) for _ in range(4)]
    for headers, body in calls:
        assert webhook.verify(body, headers)["data"]["id"] == request
    assert len({headers["webhook-id"] for headers, _ in calls}) == 1
    time.sleep(1)
    assert heard.got.empty()
    assert api.view(request)["state"] == "answered"


def test_it_stops_when_the_answer_is_acknowledged(
    service: Service, listener: NewListener, new_person: NewPerson
) -> None:
    heard = listener(lambda _headers, _body: 503)
    api, _, _ = registered(service, "polls.example", heard)
    request = api.ask(nonce())["id"]
    new_person(service).consent(request)
    heard.got.get(timeout=20)
    assert api.acknowledge(request)["state"] == "acknowledged"
    time.sleep(0.5)  # one may be under way
    while not heard.got.empty():
        heard.got.get()
    time.sleep(2)
    assert heard.got.empty()


def test_every_end_is_told(service: Service, listener: NewListener, new_person: NewPerson) -> None:
    heard = listener()
    api, webhook, _ = registered(service, "ends.example", heard)
    person = new_person(service)
    declined, failed = api.ask(nonce())["id"], api.ask(nonce())["id"]
    person.decline(declined)
    headers, body = heard.got.get(timeout=20)
    event = webhook.verify(body, headers)
    assert (event["type"], event["data"]["id"], event["data"]["state"]) == (
        "request.declined",
        declined,
        "declined",
    )
    assert "presentation" not in event["data"]

    assert person.post(failed, "otp", {"name": person.name, "mobile": person.number}).status_code == 202
    right = service.gateway.otp(person.number)
    for _ in range(3):
        person.post(failed, "confirm", {"otp": f"{(int(right) + 1) % 1_000_000:06}"})
    headers, body = heard.got.get(timeout=20)
    event = webhook.verify(body, headers)
    assert (event["type"], event["data"]["id"], event["data"]["state"]) == (
        "request.failed",
        failed,
        "failed",
    )


def test_a_gateway_that_refuses_is_said_to_the_person(service: Service, new_person: NewPerson) -> None:
    """What the gateway got in all other tests was signed: it takes nothing else. Here it takes nothing."""
    entity = service.entity("nosms.example")
    api, person = Api(service, entity["api_key"]), new_person(service)
    request = api.ask(nonce())["id"]
    take = service.gateway.take
    service.gateway.take = lambda headers, body: 400
    try:
        reply = person.post(request, "otp", {"name": person.name, "mobile": person.number})
        assert (reply.status_code, reply.json()["code"]) == (503, "otp_not_delivered")
        assert api.view(request)["state"] == "open"
    finally:
        service.gateway.take = take
    until("it works again", lambda: person.consent(request) or None)
