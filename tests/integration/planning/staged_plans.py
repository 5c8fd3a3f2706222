"""A stage with what a plan needs."""

from decimal import Decimal
from uuid import UUID

from halosync.domain.model import Client, Licence, SeenLicence
from halosync.domain.plan import PlanInput
from halosync.ports.reads import ReadProgress

from .stages import Stage, claimed, read

CLAIM, OTHER = UUID(int=101), UUID(int=102)
CLIENTS = [Client(1, "Contoso", inactive=False)]


def seen(number: int, name: str, quantity: int = 3, *, active: bool = True, deleted: bool = False) -> SeenLicence:
    licence = Licence(number, 1, name, Decimal(quantity), Decimal("10.00"), None, "Monthly", is_active=active)
    return SeenLicence(licence, deleted=deleted)


async def ready(stage: Stage, *licences: SeenLicence) -> tuple[UUID, ReadProgress]:
    """Read Halo for a run that is claimed; it is to be planned."""
    run_id = await claimed(stage, CLAIM)
    progress = await read(stage, run_id, CLIENTS, list(licences))
    assert await stage.runs.planning(run_id, CLAIM)
    return run_id, progress


async def inputs(stage: Stage, progress: ReadProgress) -> PlanInput:
    return await stage.plans.inputs(progress, stage.invoice_pk)
