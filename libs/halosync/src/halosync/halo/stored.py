"""What Halo's answer to an array says of each of its elements (halo-api section 3, spec section 9).

Elements are matched by id, else by client and name, never by position alone. Halo may escape, cut or trim a name; then
an id is believed where it can only mean one element.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from html import unescape

from halosync.domain.details import stamp_in
from halosync.domain.model import Licence, PriceField
from halosync.domain.names import name_key
from halosync.halo import rows
from halosync.halo.failures import fail_if_complaint
from halosync.halo.rows import HaloRow
from halosync.ports.failures import UnreadableRowError
from halosync.ports.licence_write import LicenceWrite, StoredLicence

MOST_WARNING = 500
"""How much of Halo's own warning is kept."""


def stored(answer: object, writes: Sequence[LicenceWrite]) -> list[StoredLicence | None]:
    """Return what the answer says of each element, None where it says nothing.

    Raises:
        HaloFailure: the answer is a complaint.
    """
    fail_if_complaint(answer)
    by_id = {number: row for row in _objects(answer) if (number := _whole(row, "id")) is not None}
    updated = {write.licence_id for write in writes}
    creates = [at for at, write in enumerate(writes) if write.licence_id is None]
    found: dict[int, int | None] = {
        at: write.licence_id for at, write in enumerate(writes) if write.licence_id in by_id
    }
    found |= _created(writes, creates, {number: row for number, row in by_id.items() if number not in updated})
    return [
        None if (number := found.get(at)) is None else _stored(number, by_id[number], write)
        for at, write in enumerate(writes)
    ]


def _created(writes: Sequence[LicenceWrite], creates: Sequence[int], new: dict[int, HaloRow]) -> dict[int, int | None]:
    """Return the ids of created licences by the place of their element; `new` are the rows that no update owns."""
    if len(writes) == 1 and len(creates) == 1 and len(new) == 1:
        return {creates[0]: next(iter(new))}
    found: dict[int, int | None] = {}
    ways: Sequence[tuple[Callable[[LicenceWrite], Hashable], Callable[[HaloRow], Hashable]]] = (
        # Without a stamp, an element and a row are told apart by what no stamp can be.
        (lambda write: _stamp(write) or 0, lambda row: stamp_in(str(row.get("notes") or "")) or 1),
        (lambda write: name_key(write.name or ""), lambda row: name_key(str(row.get("name") or ""))),
        (lambda write: name_key(write.name or ""), lambda row: name_key(unescape(str(row.get("name") or "")))),
        (lambda _: None, lambda _: None),  # the one element and the one row of that client that are left over
    )
    for of_write, of_row in ways:
        left = [at for at in creates if at not in found]
        if not left:
            break
        taken = set(found.values())
        rest = {number: row for number, row in new.items() if number not in taken}
        elements = _grouped((at, (writes[at].client_id, of_write(writes[at]))) for at in left)
        answered = _grouped((number, (_whole(row, "client_id"), of_row(row))) for number, row in rest.items())
        for key, places in elements.items():
            numbers = answered.get(key, [])
            if len(places) == len(numbers) == 1:
                found[places[0]] = numbers[0]
    return found


def _stamp(write: LicenceWrite) -> str | None:
    return None if write.new is None else stamp_in(write.new.notes)


def _grouped(pairs: Iterable[tuple[int, Hashable]]) -> dict[Hashable, list[int]]:
    groups: dict[Hashable, list[int]] = {}
    for number, key in pairs:
        groups.setdefault(key, []).append(number)
    return groups


def _stored(number: int, row: HaloRow, write: LicenceWrite) -> StoredLicence:
    warning = row.get("_warning")
    words = warning.strip().replace("\0", "\ufffd")[:MOST_WARNING] if isinstance(warning, str) else None
    return StoredLicence(number, _licence(row, write), words or None)


def _licence(row: HaloRow, write: LicenceWrite) -> Licence | None:
    """Return the licence as Halo keeps it; None where the row does not show all that was asked for."""
    asked = {
        "name": True,
        "count": write.quantity is not None,
        write.price_field.value: write.price is not None and write.price_field is not PriceField.NONE,
        "billing_cycle": write.billing_cycle is not None,
        "is_active": write.is_active is False,
        **dict.fromkeys(write.unset, True),
    }
    if not all(name in row for name, wanted in asked.items() if wanted):
        return None
    try:
        seen = rows.licence(row, 1, ())
    except UnreadableRowError:
        return None
    return None if seen.deleted else seen.licence


def _objects(answer: object) -> list[HaloRow]:
    return [row for row in (answer if isinstance(answer, list) else [answer]) if isinstance(row, dict)]


def _whole(row: HaloRow, field: str) -> int | None:
    try:
        return rows.whole(row.get(field))
    except ValueError:
        return None
