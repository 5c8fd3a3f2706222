"""`halosync audit`: read a partner's Halo again and tell what is odd in it. It changes nothing."""

import asyncio
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer

from halosync.cli.connections import with_database
from halosync.cli.failures import CommandError
from halosync.cli.output import Json, emit_json, progress, say, show_table
from halosync.domain.licence_audit import LicenceAudit
from halosync.domain.licence_audit import audit as compare
from halosync.domain.model import Licence
from halosync.ports.run_start import NotConnectedError
from halosync.store.licence_audits import LicenceAuditStore
from halosync.store.partners import PartnerStore
from halosync.store.pool import Pool
from halosync.store.snapshots import SnapshotStore

LOOK_S = 1.0
"""How often the command looks whether the planner has read Halo."""


def audit(
    partner_id: Annotated[str, typer.Argument(metavar="PARTNER", help="The partner.")],
    *,
    wait_s: Annotated[int, typer.Option("--wait", metavar="SECONDS", min=1, help="How long to wait for Halo.")] = 900,
    as_json: Json = False,
) -> None:
    """Read a partner's Halo again, within its request budget: what was edited, deleted or moved, or is there twice.

    The planner reads. Nothing is changed, in Halo or here. Exit code 1: something is odd.

    Example: halosync audit acme-msp
    """

    async def look(pool: Pool) -> LicenceAudit:
        await PartnerStore(pool).must_exist(partner_id)
        store = LicenceAuditStore(pool)
        before, read_at = await store.known(partner_id), await store.read_at(partner_id)
        try:
            await SnapshotStore(pool).request_read(partner_id)
        except NotConnectedError:
            raise CommandError(f"the Halo of {partner_id} is not connected") from None
        with progress(quiet=as_json) as bar:
            bar.add_task("reading Halo", total=None)
            try:
                async with asyncio.timeout(wait_s):
                    await _until_read(store, partner_id, read_at)
            except TimeoutError:
                raise CommandError(
                    f"Halo was not read within {wait_s} s: is a planner running, and does Halo answer? "
                    "`halosync connection show` and the planner's log tell more"
                ) from None
        return compare(before.values(), await store.known(partner_id))

    found = with_database(look)
    emit_json({"partner_id": partner_id, "clean": found.clean, **asdict(found)}) if as_json else _tell(found)
    if not found.clean:
        raise typer.Exit(1)


async def _until_read(store: LicenceAuditStore, partner_id: str, before: datetime | None) -> None:
    while True:
        if await store.read_at(partner_id) != before:
            return
        await asyncio.sleep(LOOK_S)


def _tell(found: LicenceAudit) -> None:
    if found.clean:
        say("Nothing is odd: what halosync wrote is as it was written, and no licence is there twice.")
        return
    rows = [
        (_where(licence), f"was edited in Halo: {each.field.replace('_', ' ')} was {each.we_wrote}, is {each.halo_has}")
        for licence, drift in found.drifted
        for each in drift
    ]
    rows += [(_where(licence), f"is there {len(twins)} times") for twins in found.duplicates for licence in twins]
    gone = "was deleted in Halo, or the connected agent no longer sees it"
    rows += [(_where(licence), gone) for licence in found.missing]
    rows += [(_where(licence), f"was moved in Halo to client #{licence.client_id}") for licence in found.moved]
    show_table(["licence", "what is odd"], rows, empty="")


def _where(licence: Licence) -> str:
    return f"{licence.name} (#{licence.id}, client #{licence.client_id})"
