"""`examples/entity/server.py` against the real service: what a booking comes to, whatever happens on the way."""

from __future__ import annotations

import base64
import hmac
import json
import re
import secrets
import sqlite3
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import requests

from conftest import Booking, Example, NewPerson
from service import ISSUER, Service, run, until

BOOKED = "Booked. Have a good journey."
WAITING = "Waiting for your consent."


@pytest.mark.parametrize(
    ("status", "state"), [(2, "booked"), (1, "refused"), (0, "refused"), (None, "refused")]
)
def test_the_webhook_alone_settles_a_booking(
    example: Example, new_person: NewPerson, status: int | None, state: str
) -> None:
    person = new_person(example.service, status)
    booking = example.book(person.name)
    request = booking.request
    answer = person.consent(request)
    assert answer["status"] == (status or 0)
    booking.is_stored_as(state)
    # It told the issuer so, which keeps nothing of the answer then.
    view = example.api.acknowledge(request)
    assert (view["state"], "presentation" in view) == ("acknowledged", False)
    assert (BOOKED in booking.page()) == (state == "booked")


def test_the_page_alone_settles_a_booking(quiet: Example, new_person: NewPerson) -> None:
    person = new_person(quiet.service)
    booking = quiet.book("asha r verma")
    reply = booking.answer(person.consent(booking.request)["presentation"])
    assert (reply.status_code, reply.json()) == (200, {"state": "booked", "text": BOOKED})
    assert BOOKED in booking.page()


def test_a_page_that_is_loaded_again_catches_up(quiet: Example, new_person: NewPerson) -> None:
    """The browser was closed too early, and there is no webhook."""
    person = new_person(quiet.service)
    booking = quiet.book(person.name)
    request = booking.request
    person.consent(request)
    assert booking.stored() == "asked"
    assert BOOKED in booking.page()
    assert quiet.api.view(request)["state"] == "acknowledged"


def test_a_refusal_reaches_the_booking(example: Example, new_person: NewPerson) -> None:
    booking = example.book("Asha R. Verma")
    new_person(example.service).decline(booking.request)
    booking.is_stored_as("declined")
    assert "you declined" in booking.page()
    assert "kycvs-request" not in booking.page()


def test_three_wrong_passwords_end_the_booking(example: Example, new_person: NewPerson) -> None:
    person = new_person(example.service)
    booking = example.book(person.name)
    request = booking.request
    assert person.post(request, "otp", {"name": person.name, "mobile": person.number}).status_code == 202
    right = person.service.gateway.otp(person.number)
    wrong = f"{(int(right) + 1) % 1_000_000:06}"
    statuses = [person.post(request, "confirm", {"otp": wrong}).status_code for _ in range(3)]
    assert statuses == [422, 422, 410]
    assert person.post(request, "confirm", {"otp": right}).status_code == 410
    booking.is_stored_as("failed")
    assert "too many wrong passwords" in booking.page()


def test_a_booking_whose_time_is_over_says_so(tmp_path: Path) -> None:
    service = Service(tmp_path, "answers = { request_lifetime = 2 }")
    service.start()
    example = Example(service, tmp_path, "irctc.example", webhook=True)
    example.start()
    try:
        booking = example.book("Asha R. Verma")
        booking.is_stored_as("expired")
        assert "open for too long" in booking.page()
    finally:
        example.stop()
        service.close()


def test_a_webhook_that_was_lost_comes_again(tmp_path: Path, service: Service, new_person: NewPerson) -> None:
    example = Example(service, tmp_path, "away.example", webhook=True)
    example.start()
    try:
        person = new_person(service)
        booking = example.book(person.name)
        request = booking.request
        example.stop()
        person.consent(request)
        time.sleep(0.5)  # the first attempts meet a closed port
        assert (booking.stored(), example.api.view(request)["state"]) == ("asked", "answered")
        example.start()
        booking.is_stored_as("booked")
    finally:
        example.stop()


def test_the_same_answer_twice_is_one_booking(example: Example, new_person: NewPerson) -> None:
    person = new_person(example.service)
    booking = example.book(person.name)
    presentation = person.consent(booking.request)["presentation"]
    for _ in range(3):
        assert booking.answer(presentation).json()["state"] == "booked"


# What is forged.


def webhook(
    example: Example, request: str, at: int | None = None, secret: str = "", **changed: Any
) -> requests.Response:
    """A webhook that says that a person declined, signed as Standard Webhooks says."""
    body = json.dumps({"type": "request.declined", "data": {"id": request, "state": "declined"}}).encode()
    key = base64.b64decode((secret or example.webhook_key).removeprefix("whsec_"))
    sent = int(time.time()) if at is None else at
    mac = hmac.digest(key, b"msg_1.%d." % sent + body, "sha256")
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(sent),
        "webhook-signature": "v1," + base64.b64encode(mac).decode(),
        **changed.pop("headers", {}),
    }
    sent_headers = {name: value for name, value in headers.items() if value is not None}
    return requests.post(
        f"{example.url}/webhooks/kycvs", data=changed.pop("body", body), headers=sent_headers, timeout=20
    )


def test_a_forged_webhook_changes_nothing(example: Example) -> None:
    booking = example.book("Asha R. Verma")
    request = booking.request
    time.sleep(1 - time.time() % 1)  # 301 seconds ahead are 300 in the next second
    now = int(time.time())
    ahead = webhook(example, request, at=now + 301)
    other = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    forged = [
        ahead,
        webhook(example, request, secret=other),
        webhook(example, request, at=now - 301),
        webhook(example, request, body=b'{"data": {}}'),
        webhook(example, request, headers={"webhook-id": "msg_2"}),
        webhook(example, request, headers={"webhook-timestamp": str(now + 1)}),
        webhook(example, request, headers={"webhook-timestamp": "9" * 400}),
        webhook(example, request, headers={"webhook-timestamp": "soon"}),
        webhook(example, request, headers={"webhook-signature": "v1,"}),
        webhook(example, request, headers={"webhook-signature": "v1a,AAAA"}),
        webhook(example, request, headers={"webhook-signature": None}),
    ]
    assert [reply.status_code for reply in forged] == [401] * len(forged)
    assert booking.stored() == "asked"
    # The same with the right signature, one of several, does change it.
    genuine = webhook(example, request)
    assert (genuine.status_code, booking.stored()) == (204, "declined")


def test_a_webhook_about_another_request_is_taken_and_ignored(example: Example) -> None:
    assert webhook(example, "AAAAAAAAAAAAAAAAAAAAAA").status_code == 204


def refused(booking: Booking, presentation: str, code: str) -> None:
    reply = booking.answer(presentation)
    assert (reply.status_code, reply.json()["code"]) == (422, code)
    assert booking.stored() == "asked"


def test_an_answer_to_another_question_is_refused(
    example: Example, quiet: Example, new_person: NewPerson
) -> None:
    person = new_person(example.service)
    booking = example.book(person.name)
    with sqlite3.connect(example.database) as db:
        row = db.execute(
            "SELECT nonce FROM bookings WHERE id = ?", (booking.url.rsplit("/", 1)[1],)
        ).fetchone()
    nonce = base64.urlsafe_b64encode(row[0]).rstrip(b"=").decode()

    def answered(entity: Example, **request: Any) -> str:
        asked = entity.api.post("/v1/requests", {"purpose": "rail-booking", "binding": "name", **request})
        return str(person.consent(asked.json()["id"])["presentation"])

    refused(booking, answered(quiet, nonce=nonce), "wrong_audience")
    refused(booking, answered(example, nonce=secrets.token_urlsafe(16)), "wrong_nonce")
    refused(booking, answered(example, nonce=nonce, purpose="hotel"), "wrong_purpose")
    refused(booking, answered(example, nonce=nonce, binding="none"), "wrong_subject")


# What is not forged, and does not fit: the issuer brings it, and no better one comes.

UNFIT = "Not booked: the answer does not fit this passenger, or came too late. Please book again."


def calls(service: Service) -> Counter[tuple[str, str]]:
    """How often the issuer was asked, and told."""
    text = requests.get(service.metrics_url, timeout=20).text
    counted: Counter[tuple[str, str]] = Counter()
    for labels, count in re.findall(r"^kycvs_calls_total\{(.*)\} (\d+)$", text, re.MULTILINE):
        label = dict(re.findall(r'(\w+)="([^"]*)"', labels))
        counted[label["method"], label["route"]] += int(count)
    return counted


VIEW, ACK = ("GET", "/v1/requests/{id}"), ("POST", "/v1/requests/{id}/ack")


def test_an_answer_about_someone_else_ends_the_booking_at_the_page(
    quiet: Example, new_person: NewPerson
) -> None:
    booking = quiet.book("Ravi Kumar")
    request = booking.request
    presentation = new_person(quiet.service, name="Meera Joshi").consent(request)["presentation"]
    # Whoever sends this can have brought the wrong answer: only the issuer's own ends anything.
    refused(booking, presentation, "wrong_subject")
    before = calls(quiet.service)
    for _ in range(4):
        page = booking.page()
        assert (UNFIT in page, "kycvs-request" in page) == (True, False)
    after = calls(quiet.service)
    assert (after[VIEW] - before[VIEW], after[ACK] - before[ACK]) == (1, 1)
    view = quiet.api.view(request)
    assert (view["state"], "presentation" in view) == ("acknowledged", False)
    assert booking.answer(presentation).json() == {"state": "unfit", "text": UNFIT}


def test_an_answer_about_someone_else_ends_the_booking_by_webhook(
    example: Example, new_person: NewPerson
) -> None:
    booking = example.book("Ravi Kumar")
    request = booking.request
    before, log = calls(example.service), len(example.log.read_text())
    new_person(example.service, name="Meera Joshi").consent(request)
    booking.is_stored_as("unfit")
    until("it is acknowledged", lambda: example.api.view(request)["state"] == "acknowledged" or None)
    time.sleep(2)  # one that was not taken would come again after 0.2, 0.4 and 0.8 seconds
    assert calls(example.service)[ACK] - before[ACK] == 1
    assert UNFIT in booking.page()
    assert "a webhook is to come again" not in example.log.read_text()[log:]


def test_what_is_in_the_way_for_a_while_ends_nothing(tmp_path: Path, new_person: NewPerson) -> None:
    """The issuer is away, or the issuer's key is not yet in the trust store: afterwards the booking goes on."""
    service = Service(tmp_path)
    service.start()
    example = Example(service, tmp_path, "irctc.example", webhook=False)
    trust = (tmp_path / "trust.cbor").read_bytes()
    run(tmp_path, "keygen", "--issuer", ISSUER, "--out-dir", "another")
    (tmp_path / "trust.cbor").write_bytes((tmp_path / "another" / "trust.cbor").read_bytes())
    example.start()
    try:
        person = new_person(service)
        booking = example.book(person.name)
        person.consent(booking.request)
        service.stop()
        assert WAITING in booking.page()
        service.start()
        assert WAITING in booking.page()
        example.stop()
        (tmp_path / "trust.cbor").write_bytes(trust)
        example.start()
        assert BOOKED in booking.page()
    finally:
        example.stop()
        service.close()


def test_a_key_that_was_withdrawn_leaves_the_page_as_it_is(service: Service, new_person: NewPerson) -> None:
    """The server cannot ask any more; `booking.js` must not load the page again for that."""
    folder = service.folder / "withdrawn"
    folder.mkdir()
    example = Example(service, folder, "withdrawn.example", webhook=False)
    example.start()
    try:
        person = new_person(service)
        booking = example.book(person.name)
        person.consent(booking.request)
        service.kycvs("entity", "rotate-key", "withdrawn.example")
        before = calls(service)
        assert WAITING in booking.page()
        assert calls(service)[VIEW] - before[VIEW] == 1  # not tried again: it stays wrong
        assert "no news: unauthorized" in example.log.read_text()
    finally:
        example.stop()


def test_an_answer_is_used_once(quiet: Example, new_person: NewPerson) -> None:
    person = new_person(quiet.service)
    booking = quiet.book(person.name)
    presentation = person.consent(booking.request)["presentation"]
    assert booking.answer(presentation).json()["state"] == "booked"
    # As if the booking could be opened again: the guard is what still knows.
    with sqlite3.connect(quiet.database) as db:
        db.execute("UPDATE bookings SET state = 'asked' WHERE id = ?", (booking.url.rsplit("/", 1)[1],))
    refused(booking, presentation, "replayed")


def test_garbage_from_the_browser_is_refused(quiet: Example) -> None:
    booking = quiet.book("Asha R. Verma")
    refused(booking, "KV1:GARBAGE", "bad_text")
    for body in (b"", b"[]", b"{}", b'{"presentation": [1]}', b"\xff"):
        assert requests.post(f"{booking.url}/answer", data=body, timeout=20).status_code == 400
    assert requests.post(f"{booking.url}/answer", data=b" " * 100_000, timeout=20).status_code == 413
    assert requests.post(f"{quiet.url}/bookings/none/answer", json={}, timeout=20).status_code == 404
    assert booking.stored() == "asked"


# Around it.


def test_the_page_embeds_the_issuer_and_nobody_else(example: Example) -> None:
    booking = example.book("Asha R. Verma")
    reply = requests.get(booking.url, timeout=20)
    policy = reply.headers["Content-Security-Policy"]
    assert f"frame-src {example.service.url};" in policy
    assert policy.startswith("default-src 'none'; ")
    assert policy.endswith("; base-uri 'none'; frame-ancestors 'none'")
    assert WAITING in reply.text
    embedded = requests.get(f"{example.service.url}/embed/{booking.request}", timeout=20)
    assert f"frame-ancestors {example.url}" in embedded.headers["Content-Security-Policy"]
    for script in (f"{example.service.url}/embed.js", f"{example.url}/booking.js"):
        assert script.rsplit("/", 1)[1] in reply.text
        assert "javascript" in requests.get(script, timeout=20).headers["Content-Type"]


def test_no_name_is_no_booking(example: Example) -> None:
    for passenger in ("", "...", "a" * 1000):
        reply = requests.post(f"{example.url}/bookings", data={"passenger": passenger}, timeout=20)
        assert (reply.status_code, "aaa" in reply.text) == (422, False)


def test_an_issuer_that_is_away_is_a_page_and_not_a_fault(tmp_path: Path) -> None:
    service = Service(tmp_path)
    service.start()
    example = Example(service, tmp_path, "irctc.example", webhook=True)
    example.start()
    try:
        booking = example.book("Asha R. Verma")
        service.stop()
        assert WAITING in booking.page()
        reply = requests.post(f"{example.url}/bookings", data={"passenger": "Asha"}, timeout=30)
        assert (reply.status_code, "try again" in reply.text) == (503, True)
        service.start()
        example.book("Asha R. Verma")
    finally:
        example.stop()
        service.close()


def test_the_log_names_nobody(example: Example, new_person: NewPerson) -> None:
    person = new_person(example.service, name="Vasundhara Unmistakable")
    booking = example.book(person.name)
    booking.answer("garbage")
    person.consent(booking.request)
    booking.is_stored_as("booked")
    log = example.log.read_text()
    assert "an answer was not accepted" in log
    for secret in (booking.url.rsplit("/", 1)[1], "Vasundhara", example.entity["api_key"], person.number[3:]):
        assert secret not in log
