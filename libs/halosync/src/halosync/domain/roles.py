"""Who may do what: the roles of API keys and people (spec section 10)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from halosync.domain.acts import Actor


class Role(StrEnum):
    """What somebody may do. Each role may do what the one before it may, and more."""

    VIEWER = "viewer"
    """Sees everything but keys and people."""
    BILLER = "biller"
    """Links, previews, syncs, approves."""
    ADMIN = "admin"
    """Connects, changes settings, keys and people."""

    def may(self, needed: "Role") -> bool:
        """Tell whether this role may do what `needed` is needed for."""
        return _RANK[self] >= _RANK[needed]


_RANK = {role: rank for rank, role in enumerate(Role)}


@dataclass(frozen=True)
class Principal:
    """Who asks: an API key, or a person who has signed in.

    Attributes:
        name: the key's name, or the person's e-mail address.
        access: the role at each partner; at the partner None it is an operator's, who sees every partner.
        key_id: the key; None for a person.
    """

    name: str
    access: Mapping[str | None, Role]
    key_id: UUID | None = None

    @property
    def is_operator(self) -> bool:
        """Whether it sees every partner."""
        return None in self.access

    @property
    def actor(self) -> Actor:
        """Who it is in the audit log; a key without a name is called by its id."""
        return Actor(self.name or str(self.key_id), self.key_id, is_operator=self.is_operator)

    @property
    def owner(self) -> str:
        """What tells it from every other, in all its requests and sessions."""
        return f"person {self.name}" if self.key_id is None else f"key {self.key_id}"

    def role_at(self, partner_id: str | None) -> Role | None:
        """Return what it may do for a partner, or at None for all of them; None: it may not even see it."""
        roles = [self.access[place] for place in {None, partner_id} if place in self.access]
        return max(roles, key=_RANK.__getitem__, default=None)
