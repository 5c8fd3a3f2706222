"""The changes that a person asks for: by ticks, by a file, and by the form that makes what was shown. Pure functions.

A form says exactly what was on the person's screen, and that is done or nothing: it sends pairs and changes, never
"all suggestions" or "the file of just now".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Generic
from urllib.parse import quote, unquote

from halosync.ports.links import Link, LinkChange, LinkPicture, Target
from pydantic import ValidationError

from report_api.links import sentences
from report_api.links.kind import Candidate, Chosen, LinkKind, LinkRow
from report_api.links.sheet import SheetError, SheetErrors, read_sheet

_TOGETHER = 50
"""Changes in one field: three texts of 500 characters each, percent-encoded, stay below the megabyte it may have."""


class NotOursError(ValueError):
    """A form sent something that no page of ours has in it."""


@dataclass(frozen=True, slots=True)
class Judged(Generic[Link]):
    """The changes to make, and a sentence for each row that stays as it is."""

    changes: Sequence[LinkChange[Link]]
    refusals: Sequence[str]


def pair(kind: LinkKind[Link, Target], key: str, candidate: Candidate, picture: LinkPicture[Link, Target]) -> str:
    """Return the value of the tick box that links a row to a candidate, as it is shown now."""
    return f"{quote(key, safe='')}:{quote(kind.choice(candidate, picture), safe=':')}"


def judge_ticks(
    kind: LinkKind[Link, Target], values: Iterable[str], picture: LinkPicture[Link, Target]
) -> Judged[Link]:
    """Return what the ticked pairs come to now.

    A row that no longer holds stays as it is and is named with its reason, and the others are linked: whoever ticked
    fifty should not tick forty-nine of them again.

    Raises:
        NotOursError: a value is none that `pair` makes.
    """
    ticked: dict[str, set[Chosen[Link]]] = {}
    for value in values:
        key, choice = _read_pair(kind, value)
        ticked.setdefault(key, set()).add(choice)
    rows = {row.key: row for row in kind.rows(picture)}
    present = {kind.link_to(candidate) for candidate in kind.candidates(picture)}
    changes, refusals = [], []
    for key, choices in ticked.items():
        row, chosen = rows.get(key), next(iter(choices))
        if row is None:
            refusals.append(sentences.no_longer_billed(key))
        elif len(choices) > 1:
            refusals.append(sentences.ticked_twice(row.called, kind.target_noun))
        elif not row.is_unmatched:
            refusals.append(sentences.decided_meanwhile(row.called))
        elif chosen.link not in present:
            refusals.append(kind.gone(row.called, chosen.link))
        else:
            changes.append(LinkChange(key, row.link, chosen.link, chosen.fingerprint))
    return Judged(changes, refusals)


def _read_pair(kind: LinkKind[Link, Target], value: str) -> tuple[str, Chosen[Link]]:
    key, _, choice = value.partition(":")
    chosen = kind.read_choice(unquote(choice))
    # Postgres has no NUL in texts, so no page of ours can have shown one.
    if chosen is None or "\0" in unquote(value):
        raise NotOursError(value)
    return unquote(key), chosen


def read_file(
    kind: LinkKind[Link, Target], content: bytes, picture: LinkPicture[Link, Target]
) -> list[LinkChange[Link]]:
    """Return what a CSV file asks to be different.

    A line that names what the row leads to already, by link or by name, changes nothing: so a file that was just saved
    from the page changes nothing. An empty cell means no link: the row is matched by its name again. Rows that the
    file does not name stay as they are, and so does an exclusion where the file says nothing of it.

    Raises:
        SheetErrors: something in it does not fit; each error names its line.
    """
    column, changes, seen = kind.key_field, [], dict[str, int]()
    errors: list[SheetError] = []
    rows = {row.key: row for row in kind.rows(picture)}
    read = kind.cell_reader(picture)
    for cells in read_sheet(content, required=kind.required_columns, optional=kind.optional_columns):
        text = cells.texts[column]
        # Spreadsheets and people add white space; a key that really has some is taken as it is.
        key = text if text in rows else text.strip()
        row, first = rows.get(key), seen.setdefault(key, cells.line)
        if first != cells.line:
            cells.wrong(column, f'"{key}" is on line {first} already; keep one of the two lines')
        elif row is None:
            cells.wrong(column, kind.unknown(text))
        elif (after := read(cells, row)) != row.link:
            changes.append(LinkChange(key, row.link, after))
        errors += cells.errors
    if errors:
        raise SheetErrors(errors)
    return changes


def file_rows(kind: LinkKind[Link, Target], picture: LinkPicture[Link, Target]) -> list[Mapping[str, object]]:
    """Return the rows of the file that is saved: what each leads to now, by link or by name."""
    return [dict(zip(kind.columns, kind.cells(row), strict=True)) for row in kind.rows(picture)]


def with_fingerprints(
    kind: LinkKind[Link, Target], changes: Sequence[LinkChange[Link]], picture: LinkPicture[Link, Target]
) -> list[LinkChange[Link]]:
    """Return the changes with the fingerprints of their new clients, which a person is about to be shown."""
    fingerprint = kind.fingerprints(picture)
    return [replace(each, fingerprint=fingerprint(each.after)) for each in changes]


@dataclass(frozen=True, slots=True)
class RowDifference(Generic[Link]):
    """A row as it is and as it would be. `after` None: only its link remembers it, so it would no longer be shown."""

    before: LinkRow[Link]
    after: LinkRow[Link] | None


def differences(
    kind: LinkKind[Link, Target], changes: Sequence[LinkChange[Link]], picture: LinkPicture[Link, Target]
) -> list[RowDifference[Link]]:
    """Return each change as the page would show it, in the order of the changes."""
    before = {row.key: row for row in kind.rows(picture)}
    after = {row.key: row for row in kind.rows(picture.changed(changes, kind.no_link))}
    return [RowDifference(before[each.key], after.get(each.key)) for each in changes]


def pack(kind: LinkKind[Link, Target], changes: Sequence[LinkChange[Link]]) -> list[str]:
    """Return the changes as texts, each for a hidden field: one field may hold only so much."""
    rows = [(each.key, each.before, each.after, each.fingerprint) for each in changes]
    parts = (rows[start : start + _TOGETHER] for start in range(0, len(rows), _TOGETHER))
    return [kind.changes.dump_json(part).decode() for part in parts]


def unpack(kind: LinkKind[Link, Target], texts: Iterable[str]) -> list[LinkChange[Link]]:
    """Return the changes of `pack`.

    Raises:
        NotOursError: these are no such texts, or a row is named twice.
    """
    try:
        changes = [LinkChange(*row) for row in chain.from_iterable(map(kind.changes.validate_json, texts))]
    except ValidationError:
        raise NotOursError("changes") from None
    if len({each.key for each in changes}) < len(changes):
        raise NotOursError("changes")
    return changes
