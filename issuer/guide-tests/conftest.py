"""One service for most tests, people with numbers of their own, and the example as a process."""

from __future__ import annotations

import itertools
import secrets
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from service import ROOT, Api, Listener, Person, Service, free_port, until

EXAMPLE = ROOT / "issuer" / "examples" / "entity"
NUMBERS = itertools.count(9_000_000_001)

NewPerson = Callable[..., Person]


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    service = Service(tmp_path_factory.mktemp("service"))
    service.start()
    yield service
    service.close()


@pytest.fixture
def new_person() -> NewPerson:
    return person_of


def person_of(service: Service, status: int | None = 2, name: str = "Asha R. Verma") -> Person:
    """Someone with a number that nobody else has, on record with this status, or not on record."""
    number = f"+91{next(NUMBERS)}"
    if status is not None:
        service.record([(number, name, status, 2)])
    return Person(service, name, number)


class Example:
    """`server.py` as a process, with a browser's part played by `requests`."""

    def __init__(self, service: Service, folder: Path, name: str, webhook: bool) -> None:
        self.service, self.folder, self.name = service, folder, name
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.entity = service.entity(name, f"{self.url}/webhooks/kycvs" if webhook else None, origin=self.url)
        self.api = Api(service, self.entity["api_key"])
        # Where no webhook was asked for, none is genuine.
        self.webhook_key = str(self.entity.get("webhook_key") or "whsec_" + secrets.token_hex(32))
        self.database, self.log = folder / f"{name}.sqlite", folder / f"{name}.log"
        trust = requests.get(f"{service.url}/.well-known/kycvs/trust.cbor", timeout=20)
        (folder / "trust.cbor").write_bytes(trust.content)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        environment = {
            "KYCVS_URL": self.service.url,
            "KYCVS_ENTITY": self.name,
            "KYCVS_API_KEY": self.entity["api_key"],
            "KYCVS_WEBHOOK_SECRET": self.webhook_key,
            "KYCVS_TRUST": str(self.folder / "trust.cbor"),
            "ENTITY_DATABASE": str(self.database),
            "ENTITY_PORT": str(self.port),
        }
        with self.log.open("ab") as log:
            command = [sys.executable, "-W", "error", str(EXAMPLE / "server.py")]
            self._process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        until("the example serves", lambda: self._ready())

    def _ready(self) -> bool | None:
        assert self._process and self._process.poll() is None, self.log.read_text()
        try:
            return requests.get(self.url, timeout=5).ok or None
        except requests.ConnectionError:
            return None

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(20)
            self._process = None

    def book(self, passenger: str) -> Booking:
        reply = requests.post(
            f"{self.url}/bookings", data={"passenger": passenger}, allow_redirects=False, timeout=30
        )
        assert reply.status_code == 303, reply.text
        return Booking(self, reply.headers["Location"])


class Booking:
    """A booking, as its page shows it."""

    def __init__(self, example: Example, path: str) -> None:
        self.example, self.url = example, example.url + path

    def page(self) -> str:
        reply = requests.get(self.url, timeout=30)
        assert reply.status_code == 200, reply.text
        return reply.text

    @property
    def request(self) -> str:
        """The issuer's request, out of the address of the widget."""
        return self.page().split('<kycvs-request src="')[1].split('"')[0].rsplit("/", 1)[1]

    def answer(self, presentation: Any) -> requests.Response:
        """What the page's script does with the widget's event."""
        return requests.post(f"{self.url}/answer", json={"presentation": presentation}, timeout=30)

    def becomes(self, text: str) -> None:
        """That the page comes to say so."""
        until(f"the page says {text!r}", lambda: text in self.page() or None)

    def stored(self) -> str:
        """The state in the example's own database, without making it ask the issuer."""
        with sqlite3.connect(self.example.database) as db:
            row = db.execute(
                "SELECT state FROM bookings WHERE id = ?", (self.url.rsplit("/", 1)[1],)
            ).fetchone()
        return str(row[0])

    def is_stored_as(self, state: str) -> None:
        until(f"the booking is {state}", lambda: self.stored() == state or None)


def running(service: Service, folder: Path, name: str, webhook: bool = True) -> Iterator[Example]:
    example = Example(service, folder, name, webhook)
    example.start()
    yield example
    example.stop()


@pytest.fixture(scope="session")
def example(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Example]:
    yield from running(service, tmp_path_factory.mktemp("example"), "irctc.example")


@pytest.fixture(scope="session")
def quiet(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Example]:
    """The example where no webhook was asked for."""
    yield from running(service, tmp_path_factory.mktemp("quiet"), "quiet.example", webhook=False)


@pytest.fixture
def listener() -> Iterator[Callable[..., Listener]]:
    """Makes listeners for webhooks."""
    made: list[Listener] = []

    def make(*arguments: Any) -> Listener:
        made.append(Listener(*arguments))
        return made[-1]

    yield make
    for each in made:
        each.close()
