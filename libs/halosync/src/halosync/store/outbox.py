"""Inbox and outbox: a change and its messages commit together (CONTRIBUTING section "Habits of the house")."""

from collections.abc import Sequence
from uuid import UUID

from halosync.contracts.message import Message
from halosync.observability.tracing import carried
from halosync.store.pool import Connection, note_message
from halosync.store.queries import QUERIES


async def content_of(connection: Connection, consumer: str, event_id: UUID) -> bytes | None:
    """Return the digest of what an event said that was dealt with; None if none was noted."""
    content: bytes | None = await QUERIES.content_of_event(connection, consumer=consumer, event_id=event_id)
    return content


async def emit(connection: Connection, message: Message) -> None:
    """Write a message to the outbox, in the caller's transaction; a relay publishes it after the commit."""
    name = message.message_type
    note_message(connection)
    await QUERIES.add_to_outbox(
        connection,
        exchange=message.exchange,
        routing_key=name,
        message_type=name,
        body=message.model_dump_json().encode(),
        headers=carried(),
    )


async def emit_many(connection: Connection, messages: Sequence[Message]) -> None:
    """Write many messages to the outbox with one COPY."""
    headers = carried()
    note_message(connection)
    rows: list[tuple[object, ...]] = [
        (m.exchange, m.message_type, m.message_type, m.model_dump_json().encode(), headers) for m in messages
    ]
    await connection.copy_records_to_table(
        "outbox", records=rows, columns=["exchange", "routing_key", "message_type", "body", "headers"]
    )
