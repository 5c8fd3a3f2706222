"""A partner with an invoice of many lines, and the run that applied it, straight in the tables; and who looks at it."""

import random
import re
from decimal import Decimal
from uuid import uuid4

import httpx
from devstack.fields import Fields
from halosync.domain import item_sentences
from halosync.store.pool import Pool
from row import WrongEndError

PARTNER, PER_CUSTOMER = "big", 20
_OUTCOMES = (
    (0.90, "synced", "unchanged", None, None),
    (0.94, "synced", "update", None, None),
    (0.96, "failed", "update", "halo_rejected", "Halo refused this: the count is too large. Correct it in Halo."),
    (0.98, "skipped", "none", "customer_not_found", item_sentences.customer_not_found(["Some customer"])),
    (1.00, "held", "delete", "delete_guard", "This run would remove 400 licences. Check the invoice."),
)


def made(line_no: int, customers: int, chance: random.Random) -> tuple[Fields, Fields]:
    """Return the columns of a line and of the item that answers for it."""
    customer, product = line_no * 7919 % customers, line_no % PER_CUSTOMER
    name, code = f"Customer {customer} Pty Ltd", f"PRODUCT-{product}-{line_no}"
    line = {
        "line_no": line_no,
        "line_id": str(line_no),
        "customer_id": f"C-{customer}",
        "customer_name": name,
        "product_code": code,
        "product_name": f"Product number {product}",
        "kind": "recurring" if line_no % 20 else "proration",
        "quantity": Decimal(chance.randint(1, 400)),
        "unit_price": Decimal(chance.randint(1, 20_000)) / 100,
        "billing_cycle": chance.choice(("Monthly", "Monthly", "Yearly")),
    }
    share = chance.random()
    _, outcome, action, reason, detail = next(each for each in _OUTCOMES if share < each[0])
    item = {
        "seq": line_no,
        "customer_ids": [f"C-{customer}"],
        "customer_name": name,
        "product_code": code,
        "action": action,
        "outcome": outcome,
        "reason": reason,
        "detail": detail,
        "line_nos": [line_no],
    }
    return line, item


async def load(pool: Pool, number: int, partner: str = PARTNER) -> None:
    """Store a partner with an invoice of `number` lines in no particular order, and the run that applied it."""
    chance = random.Random(1)
    customers = max(number // PER_CUSTOMER, 1)
    lines, items = zip(*(made(line_no, customers, chance) for line_no in range(1, number + 1)), strict=True)
    await pool.execute("INSERT INTO partner (partner_id, name) VALUES ($1, $1)", partner)
    await pool.execute("INSERT INTO connection (partner_id, state, tenant) VALUES ($1, 'connected', $1)", partner)
    invoice_pk = await pool.fetchval(
        "INSERT INTO invoice"
        " (partner_id, invoice_id, revision, event_id, period, currency, issued_at, line_count, total)"
        " VALUES ($1, 'INV-1', 1, $2, '2026-11', 'AUD', now(), $3, $4) RETURNING invoice_pk",
        *(partner, uuid4(), number, sum(round(line["quantity"] * line["unit_price"], 2) for line in lines)),
    )
    run_id = await pool.fetchval(
        "INSERT INTO run (partner_id, invoice_pk, tenant, mode, state, requested_by)"
        " VALUES ($1, $2, $1, 'apply', 'writing', 'bench') RETURNING run_id",
        *(partner, invoice_pk),
    )
    for table, key, value, rows in (
        ("invoice_line", "invoice_pk", invoice_pk, lines),
        ("item", "run_id", run_id, items),
    ):
        records = [(value, *row.values()) for row in rows]
        async with pool.acquire() as connection:
            await connection.copy_records_to_table(table, records=records, columns=[key, *rows[0]])
    await pool.execute("UPDATE run SET state = 'partial', finished_at = now() WHERE run_id = $1", run_id)


async def sign_in(client: httpx.AsyncClient, key: str) -> None:
    """Sign a browser in to the portal."""
    form = re.search(r'name="csrf" value="(\w+)"', (await client.get("/sign-in")).text)
    if form is None:
        raise WrongEndError("there is no form to sign in with")
    await client.post("/sign-in", data={"csrf": form[1], "api_key": key})
