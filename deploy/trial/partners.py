"""Partners with a Halo each, their invoices and runs."""

import contextlib
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from trial.engine import SANDBOX, URL, Engine, call, until

LINES = 60
CUSTOMERS = ("Contoso & Søns", "Fabrikam GmbH", "Globex")

PUBLISH = """
import asyncio, ssl, sys
import aio_pika
async def main():
    trusting = ssl.create_default_context(cafile="/etc/rabbitmq-tls/certificate.pem")
    password = open("/run/secrets/invoices_password").read().strip()
    connection = await aio_pika.connect(host="rabbitmq", port=5671, login="halosync_invoices", password=password,
        virtualhost="/", ssl=True, ssl_context=trusting)
    async with connection:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        exchange = await channel.get_exchange("converge.invoices", ensure=False)
        for line in sys.stdin.buffer:
            await exchange.publish(aio_pika.Message(line, type="invoice.ready.v1", delivery_mode=2,
                content_type="application/json"), "invoice.ready.v1", mandatory=True)
asyncio.run(main())
"""


class Partner:
    """One partner, as its portal and its Halo see it."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.partner_id = f"try-{number}"
        self.tenant = "demo" if number == 0 else f"demo{number}"
        self.key = ""

    def connect(self, engine: Engine) -> None:
        """Add it, make its key, and connect its Halo."""
        if self.number:
            applications = call("GET", f"{SANDBOX}/admin/tenants/demo")["applications"]
            clients = [{"name": name} for name in CUSTOMERS]
            seed = {"applications": applications, "clients": clients}
            call("PUT", f"{SANDBOX}/admin/tenants/{self.tenant}", seed)
        engine.halosync("partner", "add", self.partner_id, "--name", f"Try {self.number}")
        told = engine.halosync("key", "create", "--partner", self.partner_id)
        self.key = told.get("key") or told["api_key"]
        begun = self.ask("POST", "connection", {"tenant": self.tenant, "client_id": "halosync"})
        self.ask("POST", "connection/complete", redirect_of(begun["authorize_url"]))
        self.ask("PUT", "settings", {"review_first_sync": False})

    def ask(self, method: str, what: str, body: Any = None) -> Any:
        """Ask the API."""
        return call(method, f"{URL}/v1/partners/{self.partner_id}/{what}", body, self.key)

    def knows(self, revision: int) -> bool:
        """Whether this revision of its invoice was taken in."""
        return f'"revision": {revision}' in json.dumps(self.ask("GET", "invoices"))

    def start(self) -> str:
        """Start a run that writes; return its id."""
        return str(self.ask("POST", "runs", {"mode": "apply"})["run_id"])

    def run(self, run_id: str) -> Any:
        """A run, as it stands."""
        return self.ask("GET", f"runs/{run_id}")

    def state(self, run_id: str, *wanted: str) -> str | None:
        """The state of a run, if it is one of those."""
        state = self.run(run_id)["state"]
        return state if state in wanted else None

    def ended(self, run_id: str) -> str:
        """Wait for the end of a run; return its state."""
        final = ("succeeded", "partial", "failed", "cancelled")
        return str(until(f"run {run_id} ends", lambda: self.state(run_id, *final)))

    def holds(self, quantity: int) -> None:
        """Halo has each licence once, with this quantity, and never had one twice."""
        licences = call("GET", f"{SANDBOX}/admin/tenants/{self.tenant}/licences")
        counted = sorted((each["name"], each["count"]) for each in licences)
        assert counted == sorted((f"PRODUCT-{n}", float(quantity)) for n in range(LINES)), counted[:5]
        assert call("GET", f"{SANDBOX}/admin/tenants/{self.tenant}/duplicates") == []

    def slow(self, seconds: float) -> None:
        """Let its Halo take so long for each row."""
        call("PATCH", f"{SANDBOX}/admin/tenants/{self.tenant}", {"row_delay_s": seconds})

    def event(self, revision: int, quantity: int) -> dict[str, Any]:
        """An invoice of `LINES` lines."""
        line = {"kind": "recurring", "quantity": str(quantity), "unit_price": "10.00", "billing_cycle": "Monthly"}
        lines = [
            line
            | {"line_id": str(n), "customer_id": f"C-{n % 3}", "customer_name": CUSTOMERS[n % 3]}
            | {"product_code": f"PRODUCT-{n}", "product_name": f"Product {n}"}
            for n in range(LINES)
        ]
        return {
            "event_id": f"0b7c1f2e-93c4-4c1e-8d22-{self.number:04d}{revision:08d}",
            "partner_id": self.partner_id,
            "invoice_id": "INV-1",
            "revision": revision,
            "period": "2026-11",
            "currency": "EUR",
            "issued_at": f"2026-11-{revision:02d}T02:00:00Z",
            "line_count": LINES,
            "total": f"{LINES * quantity * 10}.00",
            "lines": lines,
        }


def redirect_of(url: str) -> dict[str, str]:
    """Log in to the sandbox as a browser does; return what it sends back."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: object) -> None:
            return None

    opener = urllib.request.build_opener(Stay)
    for _ in range(10):
        try:
            opener.open(url.replace("http://sandbox:8899", SANDBOX), timeout=30)
            raise AssertionError("the sandbox shows a page")
        except urllib.error.HTTPError as answer:
            url = urllib.parse.urljoin(url, answer.headers["Location"])
        if urllib.parse.urlsplit(url).path == "/accounts/":
            return {name: values[0] for name, values in urllib.parse.parse_qs(urllib.parse.urlsplit(url).query).items()}
    raise AssertionError("the sandbox redirects in a circle")


class Load:
    """Invoices of several partners, and the runs that they become, while something is done to the composition."""

    def __init__(self, engine: Engine, partners: Sequence[Partner]) -> None:
        self.engine = engine
        self.partners = partners
        self.revision = 0
        self.quantity = 0

    def publish(self, quantity: int) -> None:
        """As the invoice system does: its own user, TLS, confirms."""
        self.revision += 1
        self.quantity = quantity
        events = "".join(json.dumps(each.event(self.revision, quantity)) + "\n" for each in self.partners)
        self.engine.operator("python", "-c", PUBLISH, said=events.encode())
        for each in self.partners:
            until("the invoice is taken in", partial(each.knows, self.revision))

    def sync(self, quantity: int) -> None:
        """Publish, sync, and look."""
        with self.runs(quantity, row_s=0):
            pass

    @contextlib.contextmanager
    def runs(self, quantity: int, row_s: float = 1.0) -> Iterator[list[str]]:
        """One run of each partner, on a slow Halo, is in the middle of its writes inside; then each has to succeed."""
        self.publish(quantity)
        for each in self.partners:
            each.slow(row_s)
        started = [(each, each.start()) for each in self.partners]
        for each, run_id in started:
            until("it writes", partial(each.state, run_id, "writing", "succeeded"))
        began = time.monotonic()
        yield [run_id for _, run_id in started]
        for each in self.partners:
            each.slow(0)
        assert [each.ended(run_id) for each, run_id in started] == ["succeeded"] * len(started)
        for each in self.partners:
            each.holds(quantity)
        if row_s:
            print(f"     (runs went on for {time.monotonic() - began:.0f} s beside it)", flush=True)
