"""The only module that changes Halo; only halo-writer may import it (an import contract watches this).

A POST takes an array in which an element without `id` creates and one with `id` updates only the fields it sends
(halo-api section 3). There is no idempotency key: whoever calls this has committed a mark first.
"""

from collections.abc import Sequence
from decimal import Decimal

from pydantic_core import to_json

from halosync.domain.model import PriceField
from halosync.halo.failures import fail_if_complaint
from halosync.halo.read import LICENCES_PATH
from halosync.halo.rows import HaloRow
from halosync.halo.stored import stored
from halosync.halo.transport import HaloTransport
from halosync.ports.failures import HaloFailure
from halosync.ports.licence_write import LicenceWrite, StoredLicence


class HaloWriter:
    """Sends writes. Every call is one request; the caller holds a permit for it and has committed its mark."""

    def __init__(self, transport: HaloTransport) -> None:
        self._transport = transport
        self.total_timeout_s = transport.total_timeout_s

    async def post(self, tenant: str, token: str, writes: Sequence[LicenceWrite]) -> list[StoredLicence | None]:
        """Send an array and return what the answer says of each element, None where it says nothing.

        Raises:
            HaloFailure: refused, or its outcome is unknown; a refusal says which rows it names.
        """
        content = to_json([_wire(write) for write in writes])
        answer = await self._transport.send(tenant, token, "POST", LICENCES_PATH, content=content)
        return stored(answer, writes)

    async def delete(self, tenant: str, token: str, licence_id: int) -> bool:
        """Delete a licence; return whether the answer shows that it is gone. A 404 means that, too.

        Raises:
            HaloFailure: refused, or its outcome is unknown.
        """
        try:
            answer = await self._transport.send(tenant, token, "DELETE", f"{LICENCES_PATH}/{licence_id}")
        except HaloFailure as failure:
            if failure.status != 404:
                raise
            return True
        fail_if_complaint(answer)
        return isinstance(answer, dict) and answer.get("deleted") is True


def _wire(write: LicenceWrite) -> dict[str, object]:
    # An update names its client, too, as all code does that is known to work (halo-api section 5).
    row: HaloRow = {"client_id": write.client_id}
    if write.licence_id is not None:
        row = {"id": write.licence_id, **row}
    if write.name is not None:
        row["name"] = write.name
    if write.quantity is not None:
        row["count"] = _number(write.quantity)
    if write.price is not None and write.price_field is not PriceField.NONE:
        row[write.price_field.value] = _number(write.price)
    if write.billing_cycle is not None:
        row["billing_cycle"] = write.billing_cycle
    row |= dict.fromkeys(sorted(write.unset))
    if write.is_active is not None:
        row["is_active"] = write.is_active
    if write.new is not None and write.licence_id is None:
        named = {"type": write.new.licence_type, "product_sku": write.new.product_sku, "notes": write.new.notes}
        row |= {field: value for field, value in named.items() if value is not None}
        row |= {price.value: _number(value) for price, value in write.new.prices.items()}
    return row


def _number(value: Decimal) -> int | float:
    """Whole numbers go without a decimal point, because older Halo versions take no other (halo-api section 3)."""
    return int(value) if value == value.to_integral_value() else float(value)
