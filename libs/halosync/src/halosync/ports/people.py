"""People who may sign in to the portal (spec section 10)."""

from dataclasses import dataclass
from datetime import datetime

from halosync.domain.roles import Role

MOST_PEOPLE = 200
"""Of one partner, and of the operators."""


class TooManyPeopleError(RuntimeError):
    """The partner has as many people as it may have."""


class LastAdminError(RuntimeError):
    """Without this admin nobody could let anybody in: there is no other, and no API key with that role."""


@dataclass(frozen=True)
class Person:
    """A person's role at a partner; `partner_id` None: an operator. `email` is in lower case."""

    email: str
    partner_id: str | None
    role: Role
    created_at: datetime
