"""A verifying entity, whole and small: it books train seats for people who let it know that they are vaccinated.

It asks the issuer, embeds the issuer's page, takes the answer from there, the webhook or the issuer itself, verifies it,
decides, and acknowledges. It needs Python 3.10 and the `kycvs` wheel; README.md tells the whole story.
"""

from __future__ import annotations

import base64
import hmac
import html
import json
import logging
import os
import secrets
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from kycvs import KycvsError, RefusedError, Status, Subject, TrustStore, UnreadableError, Verifier


def setting(name: str, default: str = "") -> str:
    return os.environ.get(name) or default or sys.exit(f"error: {name} is not set; see README.md")


PURPOSE = "rail-booking"
ISSUER = setting("KYCVS_URL").rstrip("/")
CONNECTION = HTTPSConnection if ISSUER.startswith("https:") else HTTPConnection
AUDIENCE = setting("KYCVS_ENTITY")  # our own id: an answer that was given to anyone else is refused
API_KEY = setting("KYCVS_API_KEY")
WEBHOOK_KEY = base64.b64decode(setting("KYCVS_WEBHOOK_SECRET").removeprefix("whsec_"))
TRUST = TrustStore.from_bytes(Path(setting("KYCVS_TRUST")).read_bytes())
SPECIMENS = os.environ.get("KYCVS_SPECIMENS") == "1"  # for trying things out; a specimen says nothing about anyone
DATABASE = setting("ENTITY_DATABASE", "bookings.sqlite")
SCHEMA = """CREATE TABLE IF NOT EXISTS bookings (id PRIMARY KEY, passenger, nonce, request UNIQUE, url, state);
CREATE TABLE IF NOT EXISTS used (issuer, token_id, keep_until INTEGER, PRIMARY KEY (issuer, token_id));"""


@contextmanager
def transaction() -> Iterator[sqlite3.Connection]:
    """All of it or nothing, and one at a time."""
    with closing(sqlite3.connect(DATABASE, isolation_level=None, timeout=10)) as db:
        db.row_factory = sqlite3.Row
        db.execute("BEGIN IMMEDIATE")
        yield db
        db.execute("COMMIT")  # what is closed without it is rolled back


def find(column: str, value: str) -> Any:
    with transaction() as db:
        return db.execute(f"SELECT * FROM bookings WHERE {column} = ?", (value,)).fetchone()


class CallFailed(Exception):
    """Its text is the code of the issuer's problem document."""


def call(method: str, path: str, body: dict[str, Any] | None = None, key: str = "") -> dict[str, Any]:
    """Calls the issuer, again where it is away: the same Idempotency-Key makes that one and the same call."""
    headers = {"Authorization": f"Bearer {API_KEY}", "Content-Type": "application/json"}
    headers["Idempotency-Key"] = key or secrets.token_urlsafe(16)
    for wait in (0, 0.5, 2):
        time.sleep(wait)
        with closing(CONNECTION(urlsplit(ISSUER).netloc, timeout=10)) as connection:
            try:
                connection.request(method, path, None if body is None else json.dumps(body), headers)
                reply = connection.getresponse()
                status, answer = reply.status, dict(json.load(reply))
            except (OSError, HTTPException, ValueError):
                status, answer = 599, {"code": "unreachable"}
        if status < 300:
            return answer
        if status < 500:
            break  # it stays wrong, however often it is sent
    raise CallFailed(answer.get("code", str(status)))


def ask(passenger: str) -> str:
    """Begins a booking: asks for one answer, to a challenge that was never given before."""
    Subject(passenger)  # raises where this is no name
    booking, nonce = secrets.token_urlsafe(16), secrets.token_bytes(18)  # 18, so that base64 needs no padding
    challenge = base64.urlsafe_b64encode(nonce).decode()
    wanted = {"purpose": PURPOSE, "nonce": challenge, "valid_for": 900, "binding": "name"}
    view = call("POST", "/v1/requests", wanted, key=booking)
    row = (booking, passenger, nonce, view["id"], view["url"], "asked")
    with transaction() as db:
        db.execute("INSERT INTO bookings VALUES (?, ?, ?, ?, ?, ?)", row)
    return booking


class Guard(NamedTuple):
    """Which answers were used, in the transaction of the decision: a crash between the two loses neither."""

    db: sqlite3.Connection

    def first_use(self, issuer: str, token_id: str, keep_until: int, now: int, /) -> bool:
        self.db.execute("DELETE FROM used WHERE keep_until <= ?", (now,))
        used = self.db.execute("INSERT OR IGNORE INTO used VALUES (?, ?, ?)", (issuer, token_id, keep_until))
        return used.rowcount == 1


def decide(booking: str, presentation: str) -> str:
    """Verifies an answer, whoever brought it, and decides. Raises where it does not answer this booking's question."""
    with transaction() as db:
        row = db.execute("SELECT * FROM bookings WHERE id = ?", (booking,)).fetchone()
        if row["state"] != "asked":
            return str(row["state"])  # page and webhook bring the same answer: the first one counts
        verifier = Verifier(TRUST, audience=AUDIENCE, replay_guard=Guard(db), allow_specimen=SPECIMENS)
        subject, nonce = Subject(row["passenger"]), row["nonce"]
        verdict = verifier.verify(presentation, nonce=nonce, purpose=PURPOSE, subject=subject)
        state = "booked" if verdict.meets(Status.FULLY_VACCINATED) else "refused"
        db.execute("UPDATE bookings SET state = ? WHERE id = ?", (state, booking))
    return state


def settle(booking: str, view: dict[str, Any]) -> None:
    """Does what the issuer's view of a request calls for. Can be done again at any point."""
    if view["state"] == "answered":
        try:
            decide(booking, view["presentation"])
        except (RefusedError, UnreadableError) as error:
            # From the issuer itself, so that no better one comes. Where our keys or our guard are at fault, it can.
            logging.warning("an answer does not fit: %s", error.code)
            end(booking, "unfit")
        call("POST", f"/v1/requests/{view['id']}/ack", {})  # only now: the issuer forgets the answer
    elif view["state"] in ("declined", "failed", "expired"):
        end(booking, view["state"])


def end(booking: str, state: str) -> None:
    """Ends a booking without a seat. One that is settled stays settled."""
    with transaction() as db:
        db.execute("UPDATE bookings SET state = ? WHERE id = ? AND state = 'asked'", (state, booking))


def is_genuine(headers: Any, body: bytes) -> bool:
    """Whether the issuer sent this webhook, and lately (Standard Webhooks)."""
    name, sent, signatures = (headers.get(f"webhook-{part}", "") for part in ("id", "timestamp", "signature"))
    if not (sent.isascii() and sent.isdigit() and len(sent) < 12 and abs(time.time() - int(sent)) <= 300):
        return False
    signed = f"{name}.{sent}.".encode("latin-1") + body
    expected = b"v1," + base64.b64encode(hmac.digest(WEBHOOK_KEY, signed, "sha256"))
    return any(hmac.compare_digest(expected, given.encode("latin-1")) for given in signatures.split())


TEXTS = {
    "asked": "Waiting for your consent.",
    "booked": "Booked. Have a good journey.",
    "refused": "Not booked: this train is for fully vaccinated passengers.",
    "declined": "Not booked: you declined. You can book again at any time.",
    "failed": "Not booked: too many wrong passwords. Please book again.",
    "expired": "Not booked: the question was open for too long. Please book again.",
    "unfit": "Not booked: the answer does not fit this passenger, or came too late. Please book again.",
}
FORM = '<form method="post" action="/bookings">Passenger <input name="passenger" required><button>Book</button></form>'
WIDGET = f"""<kycvs-request src="%s"></kycvs-request>
<script type="module" src="{ISSUER}/embed.js"></script><script type="module" src="/booking.js"></script>"""
# From the issuer: its script, its frame, and the script's question whether it can be reached. From others: nothing.
POLICY = (
    "default-src 'none'; script-src 'self' %s; frame-src %s; connect-src 'self' %s; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class Handler(BaseHTTPRequestHandler):
    timeout = 10  # seconds for a client that sends slowly

    def do_GET(self) -> None:
        match self.path.split("/"):
            case ["", ""]:
                self.page(FORM)
            case ["", "booking.js"]:
                self.reply(200, Path(__file__).with_name("booking.js").read_bytes(), "text/javascript")
            case ["", "bookings", booking] if row := find("id", booking):
                self.booking(row)
            case _:
                self.page("There is nothing here.", 404)

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit() and len(length) <= 5):
            return self.page("That is too much.", 413)
        body = self.rfile.read(int(length))
        match self.path.split("/"):
            case ["", "bookings"]:
                self.book(parse_qs(body.decode(errors="replace")).get("passenger", [""])[0])
            case ["", "bookings", booking, "answer"] if find("id", booking):
                self.answer(booking, body)
            case ["", "webhooks", "kycvs"]:
                self.webhook(body)
            case _:
                self.page("There is nothing here.", 404)

    def book(self, passenger: str) -> None:
        try:
            self.reply(303, b"", "text/plain", Location=f"/bookings/{ask(passenger)}")
        except KycvsError as error:
            self.page(f"{FORM}<p>{html.escape(str(error))}", 422)
        except CallFailed as error:
            logging.warning("asking failed: %s", error)
            self.page(f"{FORM}<p>Nobody can be asked now. Please try again in a minute.", 503)

    def booking(self, row: sqlite3.Row) -> None:
        if row["state"] == "asked":
            try:  # whatever became of the page and the webhook, the issuer knows: loading the page again helps always
                settle(row["id"], call("GET", f"/v1/requests/{row['request']}"))
            except (CallFailed, KycvsError) as error:
                logging.warning("no news: %s", error)
        state = (find("id", row["id"]) or row)["state"]
        widget = WIDGET % html.escape(row["url"]) if state == "asked" else ""
        self.page(f'<p id="state" role="status">{TEXTS[state]}</p>{widget}')

    def answer(self, booking: str, body: bytes) -> None:
        """News from the page. Anyone can send this: it is worth what the signature in it is worth."""
        try:
            state = decide(booking, json.loads(body)["presentation"])
            self.reply(200, json.dumps({"state": state, "text": TEXTS[state]}).encode(), "application/json")
        except KycvsError as error:
            logging.warning("an answer was not accepted: %s", error.code)
            refusal = {"code": error.code, "text": "This answer cannot be accepted. Please load the page again."}
            self.reply(422, json.dumps(refusal).encode(), "application/json")
        except (ValueError, LookupError, TypeError):
            self.page("This cannot be read.", 400)

    def webhook(self, body: bytes) -> None:
        if not is_genuine(self.headers, body):
            return self.page("The signature is not the issuer's.", 401)
        view = json.loads(body)["data"]
        try:
            if row := find("request", view["id"]):
                settle(row["id"], view)
            self.reply(204, b"", "text/plain")
        except (CallFailed, KycvsError) as error:
            logging.warning("a webhook is to come again: %s", error)
            self.page("Not now.", 503)

    def page(self, text: str, status: int = 200) -> None:
        document = f'<!doctype html><html lang="en"><title>Train seats</title><h1>Train seats</h1>{text}'.encode()
        self.reply(status, document, "text/html; charset=utf-8")

    def reply(self, status: int, body: bytes, kind: str, **headers: str) -> None:
        self.send_response(status)
        headers |= {"Content-Type": kind, "Content-Length": str(len(body)), "Cache-Control": "no-store"}
        for header in (headers | {"Content-Security-Policy": POLICY.replace("%s", ISSUER)}).items():
            self.send_header(*header)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing: who knows the address of a booking can see the booking."""


if __name__ == "__main__":
    with closing(sqlite3.connect(DATABASE)) as tables:
        tables.executescript(SCHEMA)
    server = ThreadingHTTPServer(("127.0.0.1", int(setting("ENTITY_PORT", "9000"))), Handler)
    logging.warning("open http://127.0.0.1:%s/", server.server_port)
    server.serve_forever()
