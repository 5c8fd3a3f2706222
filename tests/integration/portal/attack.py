"""What an attacker of the portal has to try: every address that there is, ids of another partner, and hostile texts.

The addresses come from the application itself, so that a new page is attacked without being named anywhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from bs4 import BeautifulSoup
from devstack.fields import Fields
from fastapi.routing import iter_route_contexts
from report_api.app import build
from starlette.routing import BaseRoute

if TYPE_CHECKING:
    import httpx

    from tests.integration.conftest import World

ACME, RIVAL, NOBODY = "acme-msp", "rival-msp", "no-such-partner"
SAFE = {"GET", "HEAD"}

HOSTILE = "\"'><script>window.stolen=1</script><img src=x onerror=window.stolen=1>{{ 7*7 }}\N{RIGHT-TO-LEFT OVERRIDE}"
"""A name that wants to be markup, an attribute, a template."""


@dataclass(frozen=True)
class Address:
    """An address of the application; `template` has its parameters in braces."""

    method: str
    template: str
    route: BaseRoute

    def __str__(self) -> str:
        """Return a name for tests."""
        return f"{self.method} {self.template}"

    @property
    def changes(self) -> bool:
        return self.method not in SAFE

    def filled(self, ids: dict[str, str]) -> str:
        """Return the path with ids in it; a parameter that `ids` does not know is an error that says so."""
        encoded = {name: quote(one, safe="") for name, one in ids.items()}
        try:
            return self.template.format(**encoded)
        except KeyError as missing:
            raise LookupError(f"{self} has the parameter {missing}: give it an id in `belongings`") from None


def _addresses() -> Iterator[Address]:
    for context in iter_route_contexts(build(None).routes):
        if context.methods is None:
            continue  # a mount: the static files
        for method in sorted(context.methods - {"HEAD"}):
            template = str(getattr(context, "path_format", None) or context.path)
            yield Address(method, template, context.original_route)


ADDRESSES = list(_addresses())
"""Every address that the application answers, but for static files."""
PAGES = [address for address in ADDRESSES if not address.template.startswith("/v1/")]
OF_PARTNERS = [address for address in PAGES if address.template.startswith("/portal/{partner}")]
SHOWN = [address for address in PAGES if not address.changes]
FORMS = [address for address in PAGES if address.changes]


async def belongings(world: "World", partner: str, *, text: str | None = None) -> dict[str, str]:
    """Give a partner one of everything, with ids that nobody else has, and return them by the names in addresses.

    Args:
        world: where it is stored.
        partner: whose things they are.
        text: the name of everything that others name: customers, products, Halo's clients, keys.
    """
    name = text or f"Name of {partner}"
    customer, product, invoice_id = f"C-{partner}", text or f"P-{partner}", text or f"INV-{partner}"
    if text is not None:
        await world.pool.execute("UPDATE partner SET name = $2 WHERE partner_id = $1", partner, text)
    line = world.line(1, customer_id=customer, customer_name=name, product_code=product, product_name=name)
    invoice_pk = await world.invoice(invoice_id, [line], partner=partner)
    await world.connect(partner)
    await world.halo({7: name, 8: f"Other {name}"}, [name], partner=partner)
    item = world.item(
        customer_ids=[customer],
        customer_name=name,
        product_code=product,
        licence_name=name,
        line_nos=[1],
        outcome="failed",
        reason="rejected",
        detail=f"Halo says: {name}",
    )
    run_id = await world.run(invoice_pk, [item], partner=partner, requested_by=name)
    await world.pool.execute("UPDATE run SET error = $2 WHERE run_id = $1", run_id, f"It failed: {name}")
    await world.finish(run_id, "partial")
    key_id = await world.pool.fetchval(
        "INSERT INTO api_key (partner_id, name, key_hash) VALUES ($1, $2, $3) RETURNING key_id",
        *(partner, name, partner.encode()),
    )
    email = f"anna@{partner}.example"
    await world.pool.execute("INSERT INTO person (email, partner_id, role) VALUES ($1, $2, 'viewer')", email, partner)
    webhook_id, delivery_id = await world.webhook(partner=partner, answer=name)
    return {
        "partner": partner,
        "webhook_id": str(webhook_id),
        "delivery_id": str(delivery_id),
        "run_id": str(run_id),
        "invoice_id": invoice_id,
        "line_id": "1",
        "customer_id": customer,
        "product_code": product,
        "key_id": str(key_id),
        "period": "2026-11",
        "email": email,
        "item_key": "0" * 32,
        "halo_licence_id": "0",
    }


async def everything(world: "World") -> Fields:
    """Return every row of the database, but for sessions, whose use is noted."""
    tables = await world.pool.fetch(
        "SELECT table_name AS name FROM information_schema.tables"
        " WHERE table_schema = current_schema() AND table_name <> 'portal_session' ORDER BY 1"
    )
    return {
        table["name"]: await world.pool.fetchval(f'SELECT array_agg(t::text ORDER BY t::text) FROM "{table["name"]}" t')
        for table in tables
    }


def live_markup(response: "httpx.Response") -> list[str]:
    """Return what a browser would run or load that is not the portal's own, from a page's HTML."""
    found = []
    for element in BeautifulSoup(response.text, "html.parser").find_all(True):
        for name, given in element.attrs.items():
            words = given if isinstance(given, str) else " ".join(given)
            leads = name in {"href", "src", "action", "formaction", "srcset", "data"}
            if name.startswith("on") or name == "style" or (leads and words.strip().lower().startswith("javascript:")):
                found.append(f"{element.name} {name}={words}")
            if name in {"src", "srcset", "data"} and not words.startswith("/static/"):
                found.append(f"{element.name} {name}={words}")
        if element.name in {"iframe", "object", "embed", "base", "style"}:
            found.append(str(element))
        if element.name == "script" and not str(element.get("src", "")).startswith("/static/"):
            found.append(str(element))
    return found


def turned_behind(response: "httpx.Response") -> list[str]:
    """Return the texts of a page that turn the direction of what stands behind them."""
    override, end = "\N{RIGHT-TO-LEFT OVERRIDE}", "\N{POP DIRECTIONAL FORMATTING}"
    texts = [str(text) for text in BeautifulSoup(response.text, "html.parser").find_all(string=True)]
    return [text for text in texts if text.count(override) > text.count(end)]
