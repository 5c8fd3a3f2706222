"""What is odd about the licences of a Halo, compared with what halosync wrote there (spec section 12)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from halosync.domain.drift import drift_of
from halosync.domain.model import Drift, LastWritten, Licence
from halosync.domain.names import name_key


@dataclass(frozen=True, slots=True)
class Known:
    """A licence, and what halosync last wrote of it; `last` None: nothing. `owned`: halosync made or changed it."""

    licence: Licence
    owned: bool
    last: LastWritten | None = None


@dataclass(frozen=True, slots=True)
class LicenceAudit:
    """What an audit found.

    Attributes:
        drifted: licences that somebody has edited since halosync wrote them, with what was edited.
        duplicates: licences of one client that count as one name, both active; at least two each.
        missing: licences that halosync had written and that Halo no longer shows: somebody has deleted them.
        moved: licences that halosync had written and that are at another client now.
    """

    drifted: Sequence[tuple[Licence, Sequence[Drift]]]
    duplicates: Sequence[Sequence[Licence]]
    missing: Sequence[Licence]
    moved: Sequence[Licence]

    @property
    def clean(self) -> bool:
        """Whether nothing is odd."""
        return not (self.drifted or self.duplicates or self.missing or self.moved)


def audit(before: Iterable[Known], now: Mapping[int, Known]) -> LicenceAudit:
    """Compare what was known before Halo was read again with what it shows now, by the licence's id in Halo."""
    drifted = []
    names: dict[tuple[int, str], list[Licence]] = defaultdict(list)
    for known in now.values():
        licence = known.licence
        edits = () if known.last is None else drift_of(licence, known.last, known.last.price_field)
        if edits:
            drifted.append((licence, edits))
        if licence.is_active:
            names[licence.client_id, name_key(licence.name)].append(licence)
    ours = [known.licence for known in before if known.owned]
    return LicenceAudit(
        drifted,
        duplicates=[twins for twins in names.values() if len(twins) > 1],
        missing=[licence for licence in ours if licence.id not in now],
        moved=[
            now[licence.id].licence
            for licence in ours
            if licence.id in now and now[licence.id].licence.client_id != licence.client_id
        ],
    )
