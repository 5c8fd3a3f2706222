"""Previews to be looked at: their items, and the rows of their pages."""

from typing import TYPE_CHECKING
from uuid import UUID

from devstack.fields import Fields

if TYPE_CHECKING:
    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser, Page

SYNC = "/portal/acme-msp/sync"
MONTHLY, YEARLY = "Monthly", "Yearly"
CHANGES = {
    "customers": [
        ("Contoso", 7, "create", None, (12, "31.50", MONTHLY, True)),
        ("Contoso", 7, "update", (10, "31.50", MONTHLY, True), (12, "30.00", YEARLY, True)),
        ("Fabrikam", 8, "delete", (3, "20", YEARLY, True), None),
        ("Fabrikam", 8, "unchanged", (1, "5", None, True), (1, "5", None, True)),
    ]
}


def path(run_id: UUID, page: str = "preview") -> str:
    return f"/portal/acme-msp/runs/{run_id}/{page}"


def some(world: "World") -> list[Fields]:
    return [
        world.item(
            before,
            after,
            customer_name=name,
            halo_client_id=client,
            action=action,
            outcome="synced" if action == "unchanged" else "pending",
        )
        for name, client, action, before, after in CHANGES["customers"]
    ]


def removal(world: "World", number: int, **columns: str | int) -> Fields:
    made: Fields = {
        "action": "delete",
        "product_code": None,
        "customer_ids": [],
        "licence_name": f"P-{number:03}",
        "outcome": "held",
        "reason": "delete_guard",
        "detail": "More than 10.",
    }
    return world.item((2, "10", MONTHLY, True), None, **{**made, **columns})


async def previewed(browser: "Browser", world: "World", items: list[Fields], **columns: str) -> UUID:
    await world.connect()
    made = {"mode": "preview", "state": "writing", **columns}
    run_id = await world.run(await world.invoice(lines=[world.line(1)]), items, **made)
    await world.finish(run_id, "previewed")
    await browser.sign_in()
    return run_id


def rows(page: "Page", label: str) -> list[str]:
    return page.texts(f"table[aria-labelledby={label}] tbody tr")
