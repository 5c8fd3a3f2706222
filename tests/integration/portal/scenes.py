"""States of a partner in which the portal offers something of its own, for tests that walk all its pages.

Each maker gives the partner its things and returns their ids by the names in addresses, as `attack.belongings` does.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tests.integration.portal.attack import ACME, belongings

if TYPE_CHECKING:
    from tests.integration.conftest import World

Scene = Callable[["World"], Awaitable[dict[str, str]]]

SHAPE = (2, "10", "Monthly", True)
HELD: dict[str, object] = {"action": "delete", "outcome": "held", "product_code": None, "customer_ids": []}


async def after_a_sync(world: "World") -> dict[str, str]:
    """One item failed; a customer and a product are linked, a customer is left out, one of each only looks alike."""
    ids = await belongings(world, ACME)
    await _more_lines(world)
    await world.pool.execute(
        f"INSERT INTO customer_link VALUES ('{ACME}', 'C-linked', 7, false), ('{ACME}', 'C-out', NULL, true)"
    )
    await world.pool.execute(f"INSERT INTO product_link VALUES ('{ACME}', 'P-3', 'Name of {ACME}')")
    return ids


async def not_connected(world: "World") -> dict[str, str]:
    """Halo is not connected any more."""
    ids = await after_a_sync(world)
    await world.pool.execute("UPDATE connection SET state = 'disconnected'")
    return ids


async def going_on(world: "World") -> dict[str, str]:
    """A Sync goes on."""
    ids = await after_a_sync(world)
    return ids | {"run_id": str(await _run(world, state="reading"))}


async def failed(world: "World") -> dict[str, str]:
    """The newest Sync failed and can be tried again."""
    ids = await after_a_sync(world)
    run_id = await _run(world, error_code="halo_unavailable", error="Away.")
    await world.finish(run_id, "failed")
    return ids | {"run_id": str(run_id)}


async def held(world: "World") -> dict[str, str]:
    """A Sync holds removals, and changes for the first review."""
    ids = await after_a_sync(world)
    run_id = await _waiting(world)
    await world.finish(run_id, "partial")
    return ids | {"run_id": str(run_id)}


async def previewed(world: "World") -> dict[str, str]:
    """A preview holds the same."""
    ids = await after_a_sync(world)
    run_id = await _waiting(world, mode="preview")
    await world.finish(run_id, "previewed")
    return ids | {"run_id": str(run_id)}


async def undo_previewed(world: "World") -> dict[str, str]:
    """A Sync created a licence, and a preview of its undo would remove that."""
    ids = await after_a_sync(world)
    run_id = await _run(world, [world.item(None, SHAPE, action="create", outcome="pending")])
    await world.pool.execute("UPDATE item SET outcome = 'synced', action_state = 'applied' WHERE run_id = $1", run_id)
    await world.finish(run_id)
    removal = world.item(SHAPE, None, action="delete", outcome="pending")
    preview = await _run(world, [removal], mode="undo_preview", undoes=run_id)
    await world.finish(preview, "previewed")
    return ids | {"run_id": str(run_id)}


async def ready_to_close(world: "World") -> dict[str, str]:
    """All of the month is in Halo or accepted."""
    ids = await belongings(world, ACME)
    await _accept(world)
    return ids


async def differing_alike(world: "World") -> dict[str, str]:
    """Two products of a customer differ for one reason, and nobody has accepted that."""
    ids = await belongings(world, ACME)
    customer, name = f"C-{ACME}", f"Name of {ACME}"
    line = world.line(2, customer_id=customer, customer_name=name, product_code="P-2")
    async with world.pool.acquire() as connection:
        await connection.copy_records_to_table("invoice_line", records=[(await _invoice(world), *line)])
    failed_ones = [
        world.item(
            customer_ids=[customer],
            customer_name=name,
            product_code=code,
            action="none",
            outcome="failed",
            reason="conflicting_lines",
            line_nos=[number],
        )
        for number, code in enumerate((f"P-{ACME}", "P-2"), 1)
    ]
    await world.finish(await _run(world, failed_ones), "partial")
    return ids


async def two_invoices(world: "World") -> dict[str, str]:
    """A month has two invoices of which none replaces the other; a run of a later month has been carried out."""
    ids = await belongings(world, ACME)
    await world.invoice("INV-B", [world.line(1)], issued_at=world.issued + timedelta(hours=1))
    return ids


async def _more_lines(world: "World") -> None:
    """Let the invoice bill three more customers."""
    invoice_pk = await _invoice(world)
    for number, (customer, name) in enumerate(
        {"C-linked": "Linked", "C-out": "Left out", "C-like": f"Name of {ACME} Ltd"}.items(), 2
    ):
        code = {"product_code": name} if customer == "C-like" else {}
        line = world.line(number, customer_id=customer, customer_name=name, unit_price=Decimal(1), **code)
        async with world.pool.acquire() as connection:
            await connection.copy_records_to_table("invoice_line", records=[(invoice_pk, *line)])


async def _waiting(world: "World", **columns: object) -> UUID:
    """Return a run with a removal that the guard holds, and a new price that the first review holds."""
    waits = {"detail": "It waits.", "outcome": "held"}
    price = world.item(SHAPE, (2, "11", "Monthly", True), action="update", reason="first_review", **waits)
    removal = world.item(SHAPE, None, reason="delete_guard", detail="More than 10.", **HELD)
    run_id = await _run(world, [price, removal], **columns)
    outlook = {"prices": 1, "costs": 0, "removals": 0, "created": 0, "updated": 1}
    choices = [
        {"choice": choice, **outlook, "selling": {"monthly": ["Monthly", "20", "22"]}}
        for choice in ("overwrite", "as_cost", "leave_prices", "keep_others")
    ]
    await world.pool.execute("UPDATE run SET review = $2 WHERE run_id = $1", run_id, choices)
    return run_id


async def _accept(world: "World") -> None:
    """Accept all that differs, so that the month can be closed."""
    for row in (await world.get("/months/2026-11/items", params={"different": True}))["items"]:
        answer = await world.call(
            "PUT", f"/months/2026-11/acceptances/{row['item_key']}", json={"note": "Right as it is."}
        )
        assert answer.status_code == 200, answer.text


async def _run(world: "World", items: Any = (), **columns: Any) -> UUID:
    return await world.run(await _invoice(world), items, **columns)


async def _invoice(world: "World") -> int:
    return int(await world.pool.fetchval("SELECT invoice_pk FROM invoice WHERE partner_id = $1", ACME))
