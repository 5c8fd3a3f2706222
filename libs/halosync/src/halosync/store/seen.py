"""What a person saw before a run was asked for, and whether that is still so (spec section 3, "Delete guard").

An approval of removals is worth no more than what it was given for: the invoice, the Halo, the kind of removal and the
number of removals of one plan. Whatever else counts by now has been looked at by nobody.
"""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from halosync.store.queries import QUERIES, Connection


class Change(StrEnum):
    """Why what was seen does not hold any more."""

    INVOICE = "invoice"
    """Another invoice, or another revision, counts now."""
    RUN = "run"
    """The partner has no such run."""
    TENANT = "tenant"
    """Another Halo is connected."""
    REMOVAL = "removal"
    """The setting of what a removal does is another one, or the run made no plan."""
    PLAN = "plan"
    """A later run has made a plan; Halo may be different after it."""
    HELD = "held"
    """The run holds another number of removals than was approved."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the page showed.

    Attributes:
        invoice_id: the invoice.
        revision: its revision.
        run_id: the run whose held removals were shown; None: none were.
    """

    invoice_id: str
    revision: int
    run_id: UUID | None = None


class SeenChangedError(RuntimeError):
    """What the person saw does not hold any more; nothing was started."""

    def __init__(self, change: Change) -> None:
        super().__init__(f"the {change} that was seen does not hold any more")
        self.change = change


async def change_since(connection: Connection, partner_id: str, run_id: UUID, approved: int | None) -> Change | None:
    """Return why a page of this run does not hold any more; None if it does.

    `approved` is the number of removals that was approved; None: only the page is judged.
    """
    row = await QUERIES.seen_run(connection, run_id=run_id, partner_id=partner_id)
    if row is None:
        return Change.RUN
    if row["invoice_pk"] != row["invoice_now"]:
        return Change.INVOICE
    if row["tenant_now"] not in (None, row["tenant"]):  # nothing starts without a connection, which is told elsewhere
        return Change.TENANT
    if row["removal"] != row["removal_now"]:
        return Change.REMOVAL
    if row["planned_since"]:
        return Change.PLAN
    return Change.HELD if approved not in (None, row["held"]) else None


async def must_still_hold(connection: Connection, partner_id: str, seen: Seen, approved: int | None) -> None:
    """Judge the run that was seen, if one was, in the transaction that starts another.

    Raises:
        SeenChangedError: it is not any more what the person saw.
    """
    change = None if seen.run_id is None else await change_since(connection, partner_id, seen.run_id, approved)
    if change is not None:
        raise SeenChangedError(change)
