"""All that is known of a partner on one screen."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict

from halosync.cli.run_watch import as_json_value
from halosync.ports.partners import UnknownPartnerError
from halosync.store.connections import ConnectionStore
from halosync.store.invoice_views import InvoiceViews
from halosync.store.partners import PartnerStore
from halosync.store.pool import Pool
from halosync.store.run_views import RunViews


async def overview(pool: Pool, partner_id: str) -> dict[str, object]:
    """Return a partner for programs.

    Raises:
        UnknownPartnerError: there is no such partner.
    """
    partners = PartnerStore(pool)
    partner = await partners.get(partner_id)
    if partner is None:
        raise UnknownPartnerError(partner_id)
    settings = await partners.settings(partner_id)
    invoice = await InvoiceViews(pool).newest(partner_id)
    newest = await RunViews(pool).of_partner(partner_id, most=1)
    return {
        **{name: getattr(partner, name) for name in ("partner_id", "name", "created_at", "paused_at")},
        "connection": asdict(await ConnectionStore(pool).view(partner_id)),
        "invoice": None if invoice is None else asdict(invoice.invoice),
        "run": as_json_value(newest[0]) if newest else None,
        "settings": None if settings is None else settings.model_dump(mode="json"),
    }


def flat(values: Mapping[str, object], before: str = "") -> Iterator[tuple[str, object]]:
    """Return the innermost values with their names, those around them in front: `connection.state`."""
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", None if value in ({}, []) else value
