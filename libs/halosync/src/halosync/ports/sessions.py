"""Sessions of the portal, and what every page shows of a partner."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from halosync.domain.acts import Actor
from halosync.domain.roles import Principal
from halosync.ports.connections import ConnectionState

NoticeKind: TypeAlias = Literal["good", "bad", "info"]


@dataclass(frozen=True, slots=True)
class Notice:
    """What the next page tells about what was just done.

    `undo_path` is the form that takes it back, below the partner's address, and `undo_fields` are its fields, name and
    value; empty: it cannot be taken back at once.
    """

    kind: NoticeKind
    text: str
    undo_path: str = ""
    undo_fields: Sequence[Sequence[str]] = ()


@dataclass(frozen=True, slots=True)
class PartnerHeader:
    """What every page of a partner shows of it. `connection` is the state of its connection to Halo."""

    partner_id: str
    name: str
    connection: ConnectionState
    tenant: str | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class Session:
    """A session in use.

    Attributes:
        acts_for: None: no partner has been picked yet, or it may not be entered any more.
        header: of the partner whose page is asked for; None: there is none that the session may enter.
    """

    principal: Principal
    acts_for: str | None
    notices: Sequence[Notice]
    header: PartnerHeader | None = None

    @property
    def actor(self) -> Actor:
        """Who acts, for the audit log."""
        return self.principal.actor
