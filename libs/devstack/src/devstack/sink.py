"""A receiver of webhooks and e-mail on this machine: it takes all, and shows it on a page (spec section 11, "Told")."""

import json
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email import message_from_bytes, policy
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

from devstack.ports import LOOPBACK, free_port

MOST_KEPT = 200
"""So many deliveries are shown, the newest first."""
MOST_BYTES = 1_000_000
EMAIL = "e-mail"
"""The type of what came by e-mail."""

_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>What was sent</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="5"><meta name="color-scheme" content="light dark"><style>
p{margin:0}h2+p{opacity:.75;font-size:.9rem}
body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
pre{white-space:pre-wrap;overflow-wrap:anywhere;border:1px solid #8888;border-radius:.5rem;padding:.75rem}
pre{margin:.5rem 0 0}h2{font-size:1.1rem;margin:1.5rem 0 .1rem}</style></head><body><h1>What was sent</h1>
<p>E-mail and webhooks of this stack,
the newest first.</p>%s</body></html>"""
_NOTHING = (
    "<p>Nothing has arrived yet. Create a webhook to this address in the portal, and send a test. E-mail to "
    "the billers and admins among the people comes by itself.</p>"
)


@dataclass(frozen=True)
class Arrived:
    """A request or an e-mail that came: the id of its notice or message, and what it says, parsed."""

    notice_id: str
    told: Any

    @property
    def type(self) -> str:
        """What it tells of; "" where it is no notice."""
        return str(self.told.get("type", "")) if isinstance(self.told, dict) else ""


class Sink:
    """What has arrived, the newest first, and where: `url` for webhooks, `smtp_url` for e-mail."""

    def __init__(self, port: int, smtp_port: int, arrived: "deque[Arrived]") -> None:
        self.url = f"http://{LOOPBACK}:{port}/"
        self.smtp_url = f"smtp://{LOOPBACK}:{smtp_port}"
        self.arrived = arrived


class _Mails:
    """Keeps every e-mail that comes; `aiosmtpd` calls `handle_DATA`."""

    def __init__(self, arrived: "deque[Arrived]") -> None:
        self._arrived = arrived
        vars(self)["handle_DATA"] = self._take

    async def _take(self, _server: object, _session: object, envelope: Envelope) -> str:
        message = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        told = {"type": EMAIL, **{name: str(message[name]) for name in ("To", "Subject")}}
        body = message.get_body(("plain",))
        told["text"] = "" if body is None else body.get_content()
        self._arrived.appendleft(Arrived(str(message["Message-ID"] or ""), told))
        return "250 taken"


@contextmanager
def notice_sink() -> Iterator[Sink]:
    """Give a sink that listens on two free ports until the body ends."""
    arrived: deque[Arrived] = deque(maxlen=MOST_KEPT)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(min(int(self.headers.get("content-length") or 0), MOST_BYTES))
            told: Any = body.decode(errors="replace")
            with suppress(ValueError):
                told = json.loads(body)
            arrived.appendleft(Arrived(self.headers.get("webhook-id") or "", told))
            self.send_response(204)
            self.end_headers()

        def do_GET(self) -> None:
            page = (_PAGE % ("".join(map(_shown, list(arrived))) or _NOTHING)).encode()
            self.send_response(200)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.send_header("content-length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            """Say nothing: what has come is on the page."""

    mail = Controller(_Mails(arrived), hostname=LOOPBACK, port=free_port())
    mail.start()
    try:
        with ThreadingHTTPServer((LOOPBACK, 0), Handler) as server:
            Thread(target=server.serve_forever, daemon=True).start()
            try:
                yield Sink(server.server_address[1], mail.port, arrived)
            finally:
                server.shutdown()
    finally:
        mail.stop()


def _shown(one: Arrived) -> str:
    if one.type == EMAIL:  # as its reader sees it
        title, below, text = f"E-mail: {one.told.get('Subject')}", f"To {one.told.get('To')}", one.told.get("text", "")
    else:
        title, below = f"Webhook: {one.type or 'no notice'}", one.notice_id
        text = one.told if isinstance(one.told, str) else json.dumps(one.told, indent=2, ensure_ascii=False)
    return f"<h2>{escape(title)}</h2><p>{escape(below)}</p><pre>{escape(text)}</pre>"
