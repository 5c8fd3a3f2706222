"""A run up to its plan: its orders to the writers are there, and nothing is sent yet."""

from uuid import UUID

from devstack.fields import Fields

from .conftest import Pipeline


async def deliver_once(pipeline: Pipeline) -> None:
    """Deliver what is there; what comes of it stays in the outbox."""
    for message in await pipeline.messages():
        await pipeline.deliver(*message)


async def planned(pipeline: Pipeline) -> tuple[UUID, list[tuple[str, Fields]]]:
    """Start a run and plan it; return its id and the orders to the writers."""
    run_id = await pipeline.start()
    await deliver_once(pipeline)
    return run_id, await pipeline.messages()
