"""The only module that changes Halo; only halo-writer may import it (an import contract watches this).

A POST takes an array in which an element without `id` creates and one with `id` updates only the fields it sends
(halo-api section 3). There is no idempotency key: whoever calls this has committed a mark first.
"""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from halosync.domain.model import PriceField
from halosync.domain.names import name_key
from halosync.domain.retry import FailureClass
from halosync.halo.read import LICENCES_PATH
from halosync.halo.transport import HaloTransport
from halosync.ports.failures import HaloFailure
from halosync.ports.licence_write import LicenceWrite


class HaloWriter:
    """Sends writes. Every call is one request; the caller holds a permit for it and has committed its mark."""

    def __init__(self, transport: HaloTransport) -> None:
        self._transport = transport
        self.total_timeout_s = transport.total_timeout_s

    async def post(self, tenant: str, token: str, writes: Sequence[LicenceWrite]) -> list[int | None]:
        """Send an array and return the licence's id for each element, None where the answer does not show it.

        Raises:
            HaloFailure: refused, or its outcome is unknown; a refusal says which rows it names.
        """
        content = json.dumps([_wire(write) for write in writes], ensure_ascii=False).encode()
        answer = await self._transport.send(tenant, token, "POST", LICENCES_PATH, content=content, write=True)
        return _ids(answer, writes)

    async def delete(self, tenant: str, token: str, licence_id: int) -> None:
        """Delete a licence. A 404 means that it is gone, which is what was wanted.

        Raises:
            HaloFailure: refused, or its outcome is unknown.
        """
        try:
            await self._transport.send(tenant, token, "DELETE", f"{LICENCES_PATH}/{licence_id}", write=True)
        except HaloFailure as failure:
            if failure.status != 404:
                raise


def _wire(write: LicenceWrite) -> dict[str, Any]:
    row: dict[str, Any] = {"client_id": write.client_id} if write.licence_id is None else {"id": write.licence_id}
    if write.name is not None:
        row["name"] = write.name
    if write.quantity is not None:
        row["count"] = _number(write.quantity)
    if write.price is not None and write.price_field is not PriceField.NONE:
        row[write.price_field.value] = _number(write.price)
    if write.billing_cycle is not None:
        row["billing_cycle"] = write.billing_cycle
    if write.is_active is not None:
        row["is_active"] = write.is_active
    return row


def _number(value: Decimal) -> int | float:
    """Whole numbers go without a decimal point, because older Halo versions take no other (halo-api section 3)."""
    return int(value) if value == value.to_integral_value() else float(value)


def _ids(answer: Any, writes: Sequence[LicenceWrite]) -> list[int | None]:
    """Match the stored objects to the elements by id, else by client and name; never by position alone."""
    rows = answer if isinstance(answer, list) else [answer]
    if not all(isinstance(row, dict) for row in rows):
        raise HaloFailure(FailureClass.OUTCOME_UNKNOWN, "Halo's answer to a write is no licence")
    updated = {write.licence_id for write in writes}
    stored: set[int] = set()
    created: dict[tuple[int, str], list[int]] = {}
    for row in rows:
        if isinstance(row.get("id"), int):
            stored.add(row["id"])
            if row["id"] not in updated and isinstance(row.get("client_id"), int):
                created.setdefault((row["client_id"], name_key(str(row.get("name") or ""))), []).append(row["id"])
    ids: list[int | None] = []
    for write in writes:
        if write.licence_id is not None:
            ids.append(write.licence_id if write.licence_id in stored else None)
        else:
            matches = created.get((write.client_id, name_key(write.name or "")), [])
            ids.append(matches[0] if len(matches) == 1 else None)
    return ids
