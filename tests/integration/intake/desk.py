"""The intake of one planner on the test's database."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from devstack.fields import Fields
from halosync.contracts.invoice_checks import InvalidInvoiceError
from halosync.store.pool import Pool
from halosync.store.runs import RunStore
from planner.intake import Intake

from tests.integration.invoice_host import InvoiceHost
from tests.invoices import HEADER, line

PARTNER = "acme-msp"


def event(**values: Any) -> Fields:
    return {**HEADER, "event_id": str(uuid4()), "lines": [line()], **values}


@dataclass
class Desk:
    """The intake of one planner."""

    pool: Pool
    host: InvoiceHost
    runs: RunStore
    intake: Intake

    async def take_in(self, **values: object) -> None:
        await self.intake.take_in(json.dumps(event(**values)).encode())

    async def refused(self, **values: str | int | None) -> list[tuple[int | None, str]]:
        """Take in what cannot be taken in; return line and field of each problem."""
        with pytest.raises(InvalidInvoiceError) as error:
            await self.take_in(**values)
        return [(problem.line, problem.field) for problem in error.value.problems]

    async def standing(self) -> dict[tuple[str, int], bool]:
        """Which revisions of which invoices are stored, and whether they still count."""
        rows = await self.pool.fetch("SELECT invoice_id, revision, superseded_by FROM invoice")
        return {(row["invoice_id"], row["revision"]): row["superseded_by"] is None for row in rows}

    async def lines(self) -> list[tuple[int, str]]:
        rows = await self.pool.fetch("SELECT line_no, product_code FROM invoice_line ORDER BY invoice_pk, line_no")
        return [(row["line_no"], row["product_code"]) for row in rows]

    async def answers(self) -> list[str]:
        """The types of what is to be published, in order."""
        rows = await self.pool.fetch("SELECT message_type FROM outbox ORDER BY outbox_id")
        return [row["message_type"] for row in rows]

    async def connect(self) -> None:
        await self.pool.execute(
            "INSERT INTO connection (partner_id, state, tenant) VALUES ($1, 'connected', 'acme')", PARTNER
        )

    async def auto_sync(self, *, on: bool) -> None:
        await self.pool.execute("UPDATE partner SET auto_sync = $2 WHERE partner_id = $1", PARTNER, on)

    async def runs_of(self) -> list[tuple[str, int, str]]:
        rows = await self.pool.fetch(
            "SELECT invoice_id, revision, state FROM run JOIN invoice USING (invoice_pk) ORDER BY run.created_at"
        )
        return [tuple(row) for row in rows]

    async def end_run(self) -> None:
        """End the run that goes on."""
        await self.pool.execute("UPDATE run SET state = 'succeeded' WHERE state = 'queued'")
