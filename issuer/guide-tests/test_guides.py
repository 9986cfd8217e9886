"""What the pages tell is done as they tell it, and comes to what they say."""

from __future__ import annotations

import base64
import importlib.util
import re
import secrets
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from kycvs import KycvsError

from conftest import EXAMPLE, Example, NewPerson
from guides import Block, Reader, blocks, fits, wait_for
from service import ROOT, free_port, until

SERVICE = ROOT / "issuer" / "README.md"
ENTITY = EXAMPLE / "README.md"


@pytest.fixture
def ports() -> dict[int, int]:
    return {8080: free_port(), 8081: free_port(), 9000: free_port()}


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    reader = Reader(tmp_path)
    yield reader
    reader.close()


def test_the_page_of_the_service_tells_the_truth(reader: Reader, ports: dict[int, int]) -> None:
    page = blocks(SERVICE, ports)
    assert {"console", "sh", "toml", "csv"} <= {block.kind for block in page}
    for block in page:
        if block.kind == "toml" and not block.name:
            tomllib.loads(block.text)
        else:
            reader.follow(block)
    assert (reader.folder / "backup.db").read_bytes().startswith(b"SQLite format 3")
    assert reader.variables.keys() >= {"API_KEY", "HEAD"}


def first_start(reader: Reader, ports: dict[int, int]) -> None:
    """A service as the page of the service starts it, without the entity that it registers."""
    for block in blocks(SERVICE, ports):
        if "entity add" not in block.text:
            reader.follow(block)
        if "kycvs serve" in block.text and block.kind == "console":
            return


def test_the_example_starts_as_its_page_says(reader: Reader, ports: dict[int, int]) -> None:
    first_start(reader, ports)
    page = blocks(ENTITY, ports)
    register = next(block for block in page if block.kind == "console")
    reader.follow(register)
    settings = next(block for block in page if "python server.py" in block.text).text
    settings = settings.replace("kycvs_...", reader.variables["API_KEY"])
    settings = settings.replace("whsec_...", reader.variables["WEBHOOK_SECRET"])
    before, _, _ = settings.partition("python server.py")
    # The trust store is there before the program starts, as on the page.
    reader.follow(Block("sh", "", before))
    issued = dict(re.findall(r"export (\w+)=(\S+)", before))
    reader.variables |= {**issued, "KYCVS_SPECIMENS": "1", "ENTITY_PORT": str(ports[9000])}
    reader.start(f"{sys.executable} {EXAMPLE / 'server.py'}", "example.log")
    url, service = f"http://127.0.0.1:{ports[9000]}", issued["KYCVS_URL"]
    wait_for(url)

    # The person of the page's register, and the inbox in place of a phone.
    booked = requests.post(f"{url}/bookings", data={"passenger": "asha r verma"}, timeout=20)
    request = re.findall(r"/embed/([\w-]+)", booked.text)[0]
    person = {"name": "Asha R. Verma", "mobile": "98765 43210"}
    asked = requests.post(f"{service}/v1/requests/{request}/otp", json=person, timeout=20)
    assert asked.status_code == 202, asked.text
    (message,) = requests.get(f"{service}/inbox/messages", timeout=20).json()
    otp = re.findall(r"\b\d{6}\b", message["text"])[0]
    answer = requests.post(f"{service}/v1/requests/{request}/confirm", json={"otp": otp}, timeout=20)
    assert answer.status_code == 200, answer.text
    assert "Booked." in requests.get(booked.url, timeout=20).text


def test_the_page_of_the_entity_verifies(example: Example, new_person: NewPerson, tmp_path: Path) -> None:
    code = next(block for block in blocks(ENTITY, {}) if block.name == "verify.py")
    (tmp_path / code.name).write_text(
        code.text.replace('"trust.cbor"', repr(str(example.folder / "trust.cbor")))
    )
    spec = importlib.util.spec_from_file_location("verify", tmp_path / code.name)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    for status in (2, 1):
        person, nonce = new_person(example.service, status), secrets.token_bytes(16)
        challenge = base64.urlsafe_b64encode(nonce).rstrip(b"=").decode()
        request = example.api.ask(challenge, binding="name")["id"]
        presentation = person.consent(request)["presentation"]
        assert module.vaccinated(presentation, nonce, "asha r verma") == (status == 2)
        with pytest.raises(KycvsError, match="was used before"):
            module.vaccinated(presentation, nonce, "asha r verma")


def test_the_page_of_the_entity_signs_a_call(example: Example, reader: Reader) -> None:
    service = example.service
    page = blocks(ENTITY, {})
    reader.follow(next(block for block in page if "openssl" in block.text))
    code = next(block for block in page if block.name == "signed_call.py")
    reader.follow(code)
    service.entity("page.example", None, "--request-key", str(reader.folder / "public.pem"))
    reader.variables |= {"KYCVS_URL": service.url, "KYCVS_ENTITY": "page.example"}
    reader.follow(Block("console", "", f"$ {sys.executable} signed_call.py\nopen\n"))


def test_every_code_and_state_is_on_the_page(example: Example) -> None:
    """What the service can say, the page says what to do about."""
    text = ENTITY.read_text()
    api = requests.get(f"{example.service.url}/openapi.json", timeout=20).text
    assert '"/v1/requests/{id}/ack"' in api
    problems = requests.get(f"{example.service.url}/problems", timeout=20).text
    codes = set(re.findall(r'id="([a-z_]+)"', problems))
    assert len(codes) > 15
    # These are for the person alone: the frame says what to do.
    persons = {
        "invalid_name",
        "corrections_used_up",
        "wrong_otp",
        "otp_expired",
        "tries_used_up",
        "request_over",
        "otp_not_delivered",
    }
    assert {code for code in codes - persons if f"`{code}`" not in text} == set()


def test_the_metrics_are_called_as_the_page_says(example: Example, new_person: NewPerson) -> None:
    person = new_person(example.service)
    refused, answered = (example.book(person.name).request for _ in range(2))
    person.consent(answered)
    person.decline(refused)
    named = set(re.findall(r"`(kycvs_[a-z_]+)", SERVICE.read_text()))
    assert len(named) > 6

    def all_counted() -> bool | None:
        text = requests.get(example.service.metrics_url, timeout=20).text
        return all(re.search(rf"^{name}(_bucket)?[{{ ]", text, re.MULTILINE) for name in named) or None

    until(f"all of {named} are counted", all_counted)


def test_a_page_can_be_wrong() -> None:
    """The comparison can say no."""
    assert fits("made 3 keys\nin 4 s\n", "made 3 keys\nin [..] s")
    assert fits("a\nb\nc\n", "a\n...")
    assert fits("", "")
    for shown, expected in [("a\nb\n", "a"), ("a\n", "a\nb"), ("ab\n", "a"), ("", "a"), ("a\n", "")]:
        assert not fits(shown, expected)
