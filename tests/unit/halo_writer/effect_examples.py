"""Actions, and licences as Halo may show them afterwards."""

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from halosync.domain.batching import BatchKind
from halosync.domain.model import Action, Licence, LicenceState, PriceField, Removal
from halosync.domain.states import ActionState
from halosync.ports.batch_work import BatchAtWork, OpenAction

BEFORE = LicenceState(Decimal(10), Decimal("31.50"), "Monthly", active=True)
AFTER = LicenceState(Decimal(12), Decimal("31.50"), "Monthly", active=True)
BATCH = BatchAtWork(
    batch_id=1,
    run_id=UUID(int=1),
    partner_id="acme-msp",
    tenant="acme",
    kind=BatchKind.WRITE,
    failures=0,
    refused_generation=None,
    refused_rows=None,
    removal=Removal.DELETE,
    price_field=PriceField.PRICE,
    rate=None,
    stopping=False,
    connected=True,
    unreviewed=False,
    adopt_foreign=False,
)
UPDATE = OpenAction(
    item_id=5,
    client_id=7,
    licence_id=70,
    action=Action.UPDATE,
    set_name=None,
    licence_name="MS-365",
    attempt=1,
    mark_no=1,
    action_state=ActionState.UNKNOWN,
    before=BEFORE,
    after=AFTER,
    settle_wait_s=0.0,
    unseen=False,
)
CREATE = replace(UPDATE, action=Action.CREATE, licence_id=None, set_name="MS-365", before=None)
DELETE = replace(UPDATE, action=Action.DELETE, after=None)
ADOPTED = replace(CREATE, licence_id=70)
"""A create that has found a licence of its name, and goes on as an update of that one."""

WANTED = Licence(70, 7, "MS-365", Decimal(12), Decimal("31.50"), None, "Monthly")
UNCHANGED = replace(WANTED, quantity=Decimal(10))
DEARER, YEARLY = replace(WANTED, price=Decimal(99)), replace(WANTED, billing_cycle="Annual")
INACTIVE = replace(WANTED, is_active=False)


OTHER = replace(WANTED, id=71, name="AV-1")


def batch(**changes: Any) -> BatchAtWork:
    return replace(BATCH, **changes)
