"""What waits for the first review of a Halo (spec section 9)."""

from collections.abc import Sequence
from dataclasses import dataclass

from halosync.domain.model import Action
from halosync.ports.run_views import Cost


@dataclass(frozen=True, slots=True)
class ReviewGroup:
    """What waits for the first review and is of one kind: new selling prices (`update`), or removals (`delete`).

    `costs` are what these licences sell for before and after, by billing cycle, in cents.
    """

    action: Action
    items: int
    costs: Sequence[Cost]
