"""The writer's handler: it translates between the message and the use case, nothing more."""

from faststream.rabbit import Channel, RabbitBroker
from halosync.contracts.run import LicenceActions
from halosync.messaging.endings import Later
from halosync.messaging.topology import LICENCE_ACTIONS

from halo_writer.batch_writer import BatchWriter


def build(broker: RabbitBroker, *, batch_writer: BatchWriter, at_once: int) -> None:
    """Register the writer's handler on `broker`; it works on `at_once` batches at a time."""

    @broker.subscriber(LICENCE_ACTIONS.declaration(), channel=Channel(prefetch_count=at_once))
    async def on_licence_actions(message: LicenceActions) -> None:
        wait_s = await batch_writer.advance(message.batch_id)
        if wait_s is not None:
            raise Later(wait_s)
