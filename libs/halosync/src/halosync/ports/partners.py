"""Partners, and why their settings were not changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias


class UnknownPartnerError(LookupError):
    """There is no partner of that id."""

    def __init__(self, partner_id: str) -> None:
        super().__init__(f"there is no partner {partner_id!r}")
        self.partner_id = partner_id


class RemovedPartnerError(RuntimeError):
    """A partner of that id was removed; its audit log and the ids of its messages are kept, and are not another's."""

    def __init__(self, partner_id: str) -> None:
        super().__init__(
            f"a partner {partner_id!r} was removed; its audit log is kept, and messages of it that come again are "
            f"ignored, so take another id"
        )


SettingsChanges: TypeAlias = Mapping[str, tuple[Any, Any]]
"""Settings that were changed, by name: the old value and the new one, as JSON has them."""


class SettingsChangedError(RuntimeError):
    """Somebody else has changed the settings meanwhile."""


@dataclass(frozen=True)
class Partner:
    """A partner (MSP).

    Attributes:
        connection: the state of its Halo connection.
        tenant: None until it named one.
        paused_at: since when none of its runs starts; None: they do.
    """

    partner_id: str
    name: str
    created_at: datetime
    connection: str
    tenant: str | None
    paused_at: datetime | None
