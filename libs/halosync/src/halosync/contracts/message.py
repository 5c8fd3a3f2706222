"""What every message has in common."""

import re
from typing import Annotated, ClassVar
from uuid import UUID, uuid4

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints


def printable(text: str) -> str:
    """Refuse control characters: Postgres cannot store NUL, and the rest only ever come from broken exports."""
    if not text.isprintable() and any(ord(character) < 0x20 or ord(character) == 0x7F for character in text):
        raise ValueError("holds a control character; remove it")
    return text


INVISIBLE = "\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"
"""Characters without a picture, and those that turn the direction of what follows, as a class of a pattern."""
_INVISIBLE = re.compile(f"[{INVISIBLE}]")


def visible(text: str) -> str:
    """Refuse characters that nobody sees: two ids or names that look the same would not be the same.

    Raises:
        ValueError: it has one; the text names it by its number.
    """
    if not text.isascii() and (found := _INVISIBLE.search(text)):
        raise ValueError(f"holds an invisible character (U+{ord(found[0]):04X}); type it anew instead of copying it")
    return text


Text = Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(printable)]
"""A non-empty piece of text, trimmed, without control characters, at most 500 characters."""

Label = Annotated[Text, AfterValidator(visible)]
"""A text by which people tell things apart, such as the name of a key: as `Text`, and every character is seen."""

Identifier = Annotated[
    str, StringConstraints(min_length=1, max_length=200), AfterValidator(printable), AfterValidator(visible)
]
"""An id given by another system: any text that is seen, at most 200 characters (spec section 10)."""


INVOICES, EVENTS, WORK = "converge.invoices", "halosync.events", "halosync.work"
"""The exchanges: what the invoice system tells us, what we tell the world, what we order each other to do."""


class Message(BaseModel):
    """A message; `message_type` is its name and its routing key. Unknown fields are ignored (spec section 6).

    `exchange` is where it is published; None for a reply, which goes to the queue that its request names.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, str_strip_whitespace=True)

    message_type: ClassVar[str]
    exchange: ClassVar[str | None] = WORK


class Event(Message):
    """A message that tells what happened. `event_id` makes a second delivery harmless."""

    exchange = EVENTS

    event_id: UUID = Field(default_factory=uuid4, description="The same in every delivery of the same event.")
