"""The real service and everyone around it: the person, the SMS gateway, and a verifying entity that only listens."""

from __future__ import annotations

import base64
import json
import os
import queue
import re
import secrets
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

import requests
from standardwebhooks import Webhook

ROOT = Path(__file__).resolve().parents[2]
KYCVS = os.environ.get("KYCVS_BIN", "kycvs")
ISSUER = "in.gov.cowin"
PURPOSE = "rail-booking"

T = TypeVar("T")


def until(what: str, ask: Callable[[], T | None], seconds: float = 20) -> T:
    """Asks until there is an answer."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if (answer := ask()) is not None:
            return answer
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} seconds: {what}")


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def run(folder: Path, *arguments: str, environment: dict[str, str] | None = None) -> str:
    """Runs `kycvs` in a folder; it has to end well."""
    ended = subprocess.run(
        [KYCVS, *arguments],
        cwd=folder,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, (arguments, ended.stdout, ended.stderr)
    return ended.stdout


def write_secret(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)


class Listener:
    """An HTTP server that keeps what it gets, and answers what `answer` says."""

    def __init__(self, answer: Callable[[dict[str, str], bytes], int] = lambda _headers, _body: 204) -> None:
        listener = self
        self.got: queue.Queue[tuple[dict[str, str], bytes]] = queue.Queue()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                status = answer(headers, body)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()
                listener.got.put((headers, body))

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/webhook"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Gateway(Listener):
    """An SMS provider. It takes a message only where PyPI's `standardwebhooks` says that the issuer signed it."""

    def __init__(self) -> None:
        self.secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
        self.messages: list[dict[str, Any]] = []
        self.take = self._take
        super().__init__(lambda headers, body: self.take(headers, body))

    def _take(self, headers: dict[str, str], body: bytes) -> int:
        self.messages.append(Webhook(self.secret).verify(body, headers))
        return 204

    def otp(self, number: str) -> str:
        """The latest password that went to a number."""

        def latest() -> str | None:
            texts = [message["text"] for message in self.messages if message["to"] == number]
            found = re.search(r"\b\d{6}\b", texts[-1]) if texts else None
            return found and found.group()

        return until(f"a message to {number}", latest)


class Service:
    """`kycvs serve` in a folder of its own, with an SMS gateway that the tests can read."""

    def __init__(self, folder: Path, settings: str = "") -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        management = f"127.0.0.1:{free_port()}"
        self.metrics_url = f"http://{management}/metrics"
        self.gateway = Gateway()
        run(folder, "keygen", "--issuer", ISSUER, "--out-dir", "issuer")
        write_secret(folder / "secret", secrets.token_hex(32))
        write_secret(folder / "gateway-secret", self.gateway.secret)
        (folder / "kycvs.toml").write_text(
            f"""
listen = "127.0.0.1:{self.port}"
public_url = "{self.url}"
issuer = "{ISSUER}"
display_name = "Ministry of Health"
key_file = "issuer/issuer.pem"
secret_file = "secret"
delivery = {{ kind = "webhook", url = "{self.gateway.url}", secret_file = "gateway-secret" }}
{settings}

[management]
listen = "{management}"

[webhooks]
allow_insecure = true
first_wait = 0.2

# All of these tests come from one address.
[limits]
otp_per_address = {{ burst = 1000, seconds = 0.01 }}
confirm_per_address = {{ burst = 1000, seconds = 0.01 }}
daily_messages_per_number = {{ burst = 1000, seconds = 0.01 }}
"""
        )
        self._process: subprocess.Popen[bytes] | None = None
        self.log = folder / "log"

    def start(self) -> None:
        with self.log.open("ab") as log:
            command = [KYCVS, "serve", "--config", "kycvs.toml"]
            self._process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)
        until("the service is ready", self._ready)

    def _ready(self) -> bool | None:
        assert self._process and self._process.poll() is None, self.log.read_text()
        try:
            return requests.get(f"{self.url}/readyz", timeout=5).ok or None
        except requests.ConnectionError:
            return None

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            assert self._process.wait(20) == 0, self.log.read_text()
            self._process = None

    def close(self) -> None:
        self.stop()
        self.gateway.close()

    def kycvs(self, *arguments: str) -> Any:
        """A command on the service's folder, and the JSON that it prints."""
        return json.loads(run(self.folder, *arguments, "--config", "kycvs.toml", "--json"))

    def entity(
        self, name: str, callback: str | None = None, *arguments: str, origin: str = ""
    ) -> dict[str, Any]:
        """Registers a verifying entity."""
        call = ["entity", "add", name, "--name", f"{name} Ltd", "--origin", origin or f"https://{name}"]
        if callback:
            call += ["--callback-url", callback]
        return dict(self.kycvs(*call, *arguments))

    def record(self, rows: list[tuple[str, str, int, int]]) -> None:
        """Puts people on record: number, name, doses, doses that are required."""
        lines = ["mobile,name,doses,required", *(",".join(map(str, row)) for row in rows)]
        (self.folder / "people.csv").write_text("\n".join(lines) + "\n")
        self.kycvs("records", "import", "people.csv")


class Person:
    """Someone with a phone, at the issuer's page. It does what the page does, over HTTP."""

    def __init__(self, service: Service, name: str, number: str) -> None:
        self.service, self.name, self.number = service, name, number

    def post(self, request: str, what: str, body: dict[str, Any]) -> requests.Response:
        headers = {"Idempotency-Key": secrets.token_hex(8), "Sec-Fetch-Site": "same-origin"}
        url = f"{self.service.url}/v1/requests/{request}/{what}"
        return requests.post(url, json=body, headers=headers, timeout=20)

    def consent(self, request: str, *, is_given: bool = False) -> dict[str, Any]:
        """Types name and number, unless the entity gave them, reads the password, and types that: the answer.

        Without a record, consents to 0.
        """
        asked = self.post(request, "otp", {} if is_given else {"name": self.name, "mobile": self.number})
        assert asked.status_code == 202, asked.text
        said = {"otp": self.service.gateway.otp(self.number)}
        confirmed = self.post(request, "confirm", said)
        assert confirmed.status_code == 200, confirmed.text
        if "no_record" in confirmed.json():
            said["accept_no_record"] = confirmed.json()["no_record"]["acceptance"]
            confirmed = self.post(request, "confirm", said)
            assert confirmed.status_code == 200, confirmed.text
        return dict(confirmed.json())

    def decline(self, request: str) -> None:
        declined = self.post(request, "decline", {})
        assert declined.status_code == 200, declined.text


class Api:
    """The calls of a verifying entity with an API key."""

    def __init__(self, service: Service, key: str) -> None:
        self.url = service.url
        self._headers = {"Authorization": f"Bearer {key}"}

    def post(self, path: str, body: dict[str, Any]) -> requests.Response:
        return requests.post(self.url + path, json=body, headers=self._headers, timeout=20)

    def ask(self, nonce: str, **more: Any) -> dict[str, Any]:
        asked = self.post("/v1/requests", {"purpose": PURPOSE, "nonce": nonce, **more})
        assert asked.status_code == 201, asked.text
        return dict(asked.json())

    def view(self, request: str) -> dict[str, Any]:
        reply = requests.get(f"{self.url}/v1/requests/{request}", headers=self._headers, timeout=20)
        assert reply.status_code == 200, reply.text
        return dict(reply.json())

    def acknowledge(self, request: str) -> dict[str, Any]:
        reply = self.post(f"/v1/requests/{request}/ack", {})
        assert reply.status_code == 200, reply.text
        return dict(reply.json())
