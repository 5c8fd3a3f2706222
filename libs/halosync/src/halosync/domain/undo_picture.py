"""What an undo looks at: Halo as it is now, beside the run as it left it (spec section 11, "Undo")."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from html import unescape

from halosync.domain.client_rules import NOT_WRITTEN
from halosync.domain.drift import drift_of
from halosync.domain.licences import same_state, state_of, traits_of
from halosync.domain.model import Drift, LastWritten, Licence, LicenceState, PriceField, Traits
from halosync.domain.names import name_key
from halosync.domain.plan import PlanInput, PlannedItem


@dataclass(frozen=True, slots=True)
class UndoPicture:
    """Halo as it is now, for the run that is undone.

    `now` has Halo's licences by id, `of_client` those of the run's clients. `there` are the clients that may be written
    to; `gone` counts the deleted licences of a client by the key of their name; `left_at` are the clients at which the
    run left licences. `escapes`: this Halo keeps names escaped for HTML.
    """

    inputs: PlanInput
    now: Mapping[int, Licence]
    of_client: Mapping[int | None, Sequence[Licence]]
    there: frozenset[int]
    gone: Mapping[tuple[int | None, str], int]
    left_at: frozenset[int | None]
    escapes: bool
    key: Callable[[str], str]

    @property
    def price_field(self) -> PriceField:
        """Return the price field that the run wrote."""
        return self.inputs.settings.price_field

    def state(self, licence: Licence) -> LicenceState:
        """Return the observed state by the run's price field."""
        return state_of(licence, self.price_field)

    def traits(self, licence: Licence) -> Traits:
        """Return what the licence is besides its state."""
        return traits_of(licence, self.price_field, self.inputs.written.get(licence.id))

    def is_foreign(self, licence: Licence) -> bool:
        """Tell whether the licence is somebody else's (spec section 9, "Somebody else's licences")."""
        return licence.foreign_mark is not None and not self.inputs.settings.adopt_foreign

    def is_put_back(self, then: LicenceState, now: LicenceState) -> bool:
        """Tell whether a licence is as it was before the run already, but for its name."""
        if self.price_field is PriceField.NONE:
            then = replace(then, price=now.price)
        return same_state(then, now)

    def drift(self, item: PlannedItem, licence: Licence) -> tuple[Drift, ...]:
        """Return what is not as the run left it; nothing where the run left no licence."""
        if item.after is None:
            return ()
        left = LastWritten(item.licence_name or "", item.after, self.price_field)
        return drift_of(licence, left, self.price_field)

    def rival(self, item: PlannedItem) -> Licence | None:
        """Return an active licence of the item's client that bears the name of a deleted one, if there is any.

        Also in another form, as Halo escapes it or has made it of what it was told.
        """
        name = name_then(item)
        wanted = {self.key(name), self.key(unescape(name))}
        others = self.of_client[item.halo_client_id]
        return next((other for other in others if other.is_active and wanted & self._names(other)), None)

    def _names(self, licence: Licence) -> set[str]:
        """Return the keys of the names of a licence: as Halo shows it, as that reads, and as Halo was told."""
        written = self.inputs.written.get(licence.id, NOT_WRITTEN)
        told = written.asked_name if written.kept_name == licence.name else None
        return {self.key(name) for name in (licence.name, unescape(licence.name), told) if name is not None}

    def shows_none(self, item: PlannedItem) -> bool:
        """Tell whether the run left licences at the item's client, and Halo shows none: it may not show all."""
        return not self.of_client[item.halo_client_id] and item.halo_client_id in self.left_at

    def asked_name(self, item: PlannedItem) -> str:
        """Return what Halo is to be told so that it calls the licence as before the run.

        Halo may make another name of what it is told (spec section 9, "Names that Halo changes"): sent as it is kept,
        `R&amp;D` would become `R&amp;amp;D`.
        """
        name = name_then(item)
        if item.was is not None and item.was.asked_name is not None:
            return item.was.asked_name
        return unescape(name) if self.escapes else name

    def is_ambiguous(self, item: PlannedItem) -> bool:
        """Tell whether the run deleted several licences of the item's name at its client, all of them gone."""
        return self.gone[item.halo_client_id, self.key(name_then(item))] > 1


def undo_picture(inputs: PlanInput) -> UndoPicture:
    """Return what undoing `inputs.undone` looks at."""
    undone = inputs.undone or ()
    of_client: dict[int | None, list[Licence]] = {item.halo_client_id: [] for item in undone}
    for licence in inputs.licences:
        if licence.client_id in of_client:
            of_client[licence.client_id].append(licence)
    linked = {link.halo_client_id for link in inputs.customer_links.values() if not link.excluded}
    there = {client.id for client in inputs.clients if not client.inactive or client.id in linked}
    now = {licence.id: licence for licence in inputs.licences}
    key = cache(name_key)
    gone = Counter(
        (item.halo_client_id, key(name_then(item)))
        for item in undone
        if item.after is None and newest_id(item.halo_licence_id, inputs.restored) not in now
    )
    left_at = frozenset(inputs.left_at | {item.halo_client_id for item in undone if item.after is not None})
    return UndoPicture(inputs, now, of_client, frozenset(there), gone, left_at, _escapes(inputs), key)


def _escapes(inputs: PlanInput) -> bool:
    """Tell whether Halo is known to keep names escaped for HTML, by any that it was told."""
    asked_and_kept = [(written.asked_name, written.kept_name) for written in inputs.written.values()]
    asked_and_kept += [(item.was.asked_name, item.was.name) for item in inputs.undone or () if item.was is not None]
    return any(asked not in {None, kept} and unescape(kept or "") == asked for asked, kept in asked_and_kept)


def did_nothing(item: PlannedItem) -> bool:
    """Tell whether Halo kept a licence as it was: it took the write and ignored it."""
    before, after = item.before, item.after
    return item.set_name is None and before is not None and after is not None and same_state(before, after)


def newest_id(licence_id: int | None, restored: Mapping[int, int]) -> int:
    """Return what a licence is called by now: Halo gives one that an undo creates again another id."""
    number = licence_id or 0
    seen = {number}
    while restored.get(number, number) not in seen:
        number = restored[number]
        seen.add(number)
    return number


def name_then(item: PlannedItem) -> str:
    """Return how the licence was called before the run."""
    return item.was.name if item.was is not None else item.licence_name or ""
