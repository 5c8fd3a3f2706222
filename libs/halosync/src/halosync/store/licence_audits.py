"""What is known of a partner's licences, for an audit."""

from collections.abc import Mapping
from datetime import datetime

import asyncpg

from halosync.domain.licence_audit import Known
from halosync.domain.model import LastWritten, Licence, LicenceState, PriceField
from halosync.store.pool import Pool
from halosync.store.queries import QUERIES


class LicenceAuditStore:
    """Reads licences with what halosync last wrote of each."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def read_at(self, partner_id: str) -> datetime | None:
        """Return when Halo was last read completely; None: never."""
        read_at: datetime | None = await QUERIES.snapshot_read_at(self._pool, partner_id=partner_id)
        return read_at

    async def known(self, partner_id: str) -> Mapping[int, Known]:
        """Return the licences by their ids in Halo."""
        rows = QUERIES.licences_to_audit(self._pool, partner_id=partner_id)
        return {row["halo_licence_id"]: _known(row) async for row in rows}


def _known(row: asyncpg.Record) -> Known:
    licence = Licence(
        row["halo_licence_id"],
        row["halo_client_id"],
        row["name"],
        row["quantity"],
        row["price"],
        row["purchase_price"],
        row["billing_cycle"],
        row["is_active"],
    )
    if row["wrote_price_field"] is None:
        return Known(licence, row["owned"])
    state = LicenceState(row["wrote_quantity"], row["wrote_price"], row["wrote_billing_cycle"], row["wrote_active"])
    return Known(licence, row["owned"], LastWritten(row["wrote_name"], state, PriceField(row["wrote_price_field"])))
