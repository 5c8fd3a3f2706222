"""What customers and products have in common, and what a kind of link has to say of itself.

A *row* is a customer or a product. Its *link* is what the partner stored of it; what it leads to now, by that link or
by its name, is a *candidate*: a client of Halo or a licence name.
"""

from collections.abc import Callable, Container, Hashable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, Literal, TypeAlias

from halosync.domain.natural_order import NaturalKey, natural_parts
from halosync.domain.suggestions import Suggestions
from halosync.ports.links import Link, LinkPicture, RefusedChange, Target
from pydantic import TypeAdapter

from report_api.links.rows_by_place import OtherRows, RowsByPlace
from report_api.links.sheet import Cells
from report_api.ports import Ports
from report_api.stores.halo import Links

Candidate: TypeAlias = tuple[int | None, str]
"""A client's id and name; licence names have no id."""


class Standing(StrEnum):
    """How a row stands, in the order in which a page shows them: what needs a person first."""

    UNMATCHED = "unmatched"
    NAME = "name"
    LINK = "link"
    EXCLUDED = "excluded"


@dataclass(frozen=True, slots=True)
class LinkRow(Generic[Link]):
    """A customer or a product, with what a run would make of it now.

    Attributes:
        key: the customer's id or the product's code.
        name: as the invoice has it; None: only the stored link remembers the row.
        called: what it is called in sentences.
        link: what is stored of it.
        matched_by: a stored link, an equal name, or None: nothing matches.
        target_id: the id of the client it leads to; licence names have none.
        target_name: the client's name, None if the client is gone; or the licence name.
        excluded: the partner leaves it out.
        problem: what a run would skip it for, as far as the last read of Halo tells.
        detail: the problem for people, with what to do.
        hint: the same on a page that links the row: what the page offers is not said again.
        look_alikes: clients whose names only look like its own: what a form chooses them by, their ids and names.
    """

    key: str
    name: str | None
    called: str
    link: Link
    matched_by: Literal["link", "name"] | None
    target_name: str | None
    target_id: int | None = None
    excluded: bool = False
    problem: Literal["customer_not_found", "customer_ambiguous"] | None = None
    detail: str | None = None
    hint: str | None = None
    look_alikes: Sequence[tuple[str, int, str]] = ()

    @property
    def standing(self) -> Standing:
        """How the row stands. A link to a client that is gone counts as unmatched."""
        if self.excluded:
            return Standing.EXCLUDED
        if self.matched_by is None or self.problem is not None:
            return Standing.UNMATCHED
        return Standing(self.matched_by)

    @property
    def is_unmatched(self) -> bool:
        """Tell whether nothing matches the row; a customer then needs a person before it can be synchronised."""
        return self.standing is Standing.UNMATCHED


@dataclass(frozen=True, slots=True)
class Chosen(Generic[Link]):
    """The link that a person chose; `fingerprint` is that of its client as it was shown (`client_fingerprint`)."""

    link: Link
    fingerprint: str | None = None


def sorted_by(order: tuple[str, str]) -> tuple[NaturalKey, str]:
    """Return what rows are compared by: numbers in names by their value, as everywhere in the portal."""
    return natural_parts(order[0]), order[1]


@dataclass(frozen=True)
class LinkKind(Generic[Link, Target]):
    """What differs between the links of customers and of products; everything else is written once.

    Attributes:
        tab: the tab, in addresses and names of files.
        noun: what a row is.
        target_noun: what a row leads to.
        no_link: the link of a row that has none.
        store: where the links are stored.
        rows: every row of a picture, by `order`.
        order: what rows are sorted by, as `sorted_by` understands it: a name and, of equal names, a key.
        names: the names that a suggestion for a row may be like.
        candidates: everything that a row can lead to.
        companies: rows and candidates are companies, whose names end in "Ltd" and the like.
        link_to: the link that leads to a candidate.
        unlink: a link without what it leads to; whether a customer is excluded stays.
        place: what two rows have in common that lead to this candidate.
        taken: the place that a run takes for a row; None: none.
        key_field: the column, and the field of a form, with a row's key.
        choice_field: the field of a form with what was chosen for one row.
        choice: the value of a form's field that chooses a candidate.
        read_choice: what `choice` has made; None if it is no such text.
        read_typed: what `choice_field` holds; None: nothing was chosen.
        nothing_chosen: what is said then; None: a page of candidates to choose from follows.
        shown: a link as the text of the field `before`: what it was when the page was made.
        read_shown: the link of `shown`; None: the form came without the field. ValueError: no page of ours sent it.
        changes: reads and writes what a form carries: of each change key, link before, link after and fingerprint.
        fingerprints: returns that of the client a link leads to (`client_fingerprint`); None: the picture has none.
        columns: of the file that is saved.
        required_columns: of a file that is loaded.
        optional_columns: of a file that is loaded.
        cells: a row's cells by column.
        cell_reader: reads from a line the link it asks for, and tells the line's `Cells` what is wrong.
        search_path: where the type-ahead asks, below the tab's address.
        inactive: the ids of clients that are inactive in Halo.
        unknown: says that a file names a row that there is not.
        linked: says that a row was linked; the others lead to the same.
        unlinked: says that the link of the row with this key was removed.
        shared: says who leads to a candidate already; empty when nobody.
        gone: says that Halo does not have any more what the link of a row leads to.
        refused: says why the store did not make the change of a row.
    """

    tab: str
    noun: str
    target_noun: str
    no_link: Link
    store: Callable[[Ports], Links[Link, Target]]

    rows: Callable[[LinkPicture[Link, Target]], list[LinkRow[Link]]]
    order: Callable[[LinkRow[Link]], tuple[str, str]]
    names: Callable[[LinkRow[Link]], Sequence[str | None]]
    candidates: Callable[[LinkPicture[Link, Target]], list[Candidate]]
    companies: bool
    link_to: Callable[[Candidate], Link]
    unlink: Callable[[Link], Link]
    place: Callable[[Candidate], Hashable]
    taken: Callable[[LinkRow[Link]], Hashable | None]

    key_field: str
    choice_field: str
    choice: Callable[[Candidate, LinkPicture[Link, Target]], str]
    read_choice: Callable[[str], Chosen[Link] | None]
    read_typed: Callable[[str], Chosen[Link] | None]
    nothing_chosen: str | None
    shown: Callable[[Link], str]
    read_shown: Callable[[str | None], Link]
    changes: TypeAdapter[list[tuple[str, Link, Link, str | None]]]
    fingerprints: Callable[[LinkPicture[Link, Target]], Callable[[Link], str | None]]

    columns: Sequence[str]
    required_columns: Sequence[str]
    optional_columns: Sequence[str]
    cells: Callable[[LinkRow[Link]], Sequence[object]]
    cell_reader: Callable[[LinkPicture[Link, Target]], Callable[[Cells, LinkRow[Link]], Link]]

    search_path: str
    inactive: Callable[[LinkPicture[Link, Target]], Container[int | None]]
    unknown: Callable[[str], str]
    linked: Callable[[LinkRow[Link], OtherRows, LinkPicture[Link, Target]], str]
    unlinked: Callable[[str], str]
    shared: Callable[[OtherRows], str]
    gone: Callable[[str, Link], str]
    refused: Callable[[RefusedChange[Link], str], str]

    def suggestions(self, picture: LinkPicture[Link, Target]) -> Suggestions:
        """Return everything that a row can lead to, to be compared with names."""
        return Suggestions(self.candidates(picture), companies=self.companies)

    def by_place(self, rows: Iterable[LinkRow[Link]]) -> RowsByPlace:
        """Return which rows a run would lead to the same place."""
        return RowsByPlace((self.taken(row), row.key, row.called) for row in rows)
