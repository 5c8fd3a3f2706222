"""Customers and their clients, as a run would decide it now (spec section 3, "Customers")."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Literal

from halosync.domain.client_fingerprints import client_fingerprint
from halosync.domain.matching import Matches, Unmatched, match_customers
from halosync.domain.model import Client, Line, LineKind, Reason
from halosync.domain.names import name_key
from halosync.domain.plan import CustomerLink
from halosync.ports.links import CustomerPicture, RefusedChange, WhyRefused
from pydantic import PlainSerializer, PlainValidator, TypeAdapter

from report_api.links import sentences
from report_api.links.kind import Candidate, Chosen, LinkKind, LinkRow, sorted_by
from report_api.links.rows_by_place import OtherRows
from report_api.links.sheet import Cells
from report_api.web.paging import BigInt

CustomerRow = LinkRow[CustomerLink]

_PROBLEMS: dict[Reason, Literal["customer_not_found", "customer_ambiguous"]] = {
    Reason.CUSTOMER_NOT_FOUND: "customer_not_found",
    Reason.CUSTOMER_AMBIGUOUS: "customer_ambiguous",
}
_NO_LINK = CustomerLink()
_ID = re.compile(r"#?(-?[0-9]{1,19})", re.ASCII)
_HIGHEST_ID = 2**63 - 1
"""What fits Postgres' bigint."""
_YES, _NO = frozenset({"true", "yes", "1"}), frozenset({"false", "no", "0"})


def read_client_id(text: str) -> int | None:
    """Return the id that `text` writes, with or without `#` in front; None if it is no id."""
    digits = _ID.fullmatch(text.strip())
    number = int(digits[1]) if digits else None
    return number if number is not None and -_HIGHEST_ID <= number <= _HIGHEST_ID else None


def _rows(picture: CustomerPicture) -> list[CustomerRow]:
    rows = _rows_of(picture, picture.names, picture.keys)
    return sorted(rows, key=lambda row: sorted_by(_order(row)))


def row_of(picture: CustomerPicture, key: str) -> CustomerRow | None:
    """Return the row of one customer as the list has it; None: there is no such customer."""
    if key not in picture.keys:
        return None
    (row,) = _rows_of(picture, [each for each in picture.names if each[0] == key], [key])
    if row.look_alikes:  # a client that another customer has by its name looks like none: so the others count too
        (row,) = _rows_of(picture, picture.names, [key])
    return row


def _rows_of(picture: CustomerPicture, names: Sequence[tuple[str, str]], keys: Iterable[str]) -> Iterable[CustomerRow]:
    # Matching looks at the customer of a line and at nothing else of it.
    lines = [Line(0, key, name, "", LineKind.RECURRING, Decimal(0), Decimal(0), "") for key, name in names]
    matches = match_customers(lines, picture.targets, picture.links)
    client_names = {client.id: client.name for client in picture.targets}
    return (_row(key, picture, matches, client_names) for key in keys)


def _order(row: CustomerRow) -> tuple[str, str]:
    return name_key(row.called), row.key


def _row(key: str, picture: CustomerPicture, matches: Matches, client_names: Mapping[int, str]) -> CustomerRow:
    link = picture.links.get(key, _NO_LINK)
    client_id, unmatched = link.halo_client_id, None
    if key in matches.client_of:
        client_id = matches.client_of[key]
    elif picture.read_at is not None and key in matches.unmatched:
        unmatched = matches.unmatched[key]
    name = matches.names.get(key)
    return LinkRow(
        key=key,
        name=name,
        called=name or key,
        link=link,
        matched_by="link" if link.halo_client_id is not None else "name" if client_id is not None else None,
        target_id=client_id,
        target_name=None if client_id is None else client_names.get(client_id),
        excluded=link.excluded,
        problem=None if unmatched is None else _PROBLEMS.get(unmatched.reason),
        detail=None if unmatched is None else unmatched.sentence(),
        hint=None if unmatched is None else unmatched.sentence(linking=True),
        look_alikes=[] if unmatched is None else _look_alikes(unmatched, picture),
    )


def _look_alikes(unmatched: Unmatched, picture: CustomerPicture) -> list[tuple[str, int, str]]:
    return [(_choice((number, name), picture), number, name) for number, name, _ in unmatched.alike]


# Forms.


def _choice(candidate: Candidate, picture: CustomerPicture) -> str:
    client_id, name = candidate
    return f"{client_id}:{client_fingerprint(picture.tenant, client_id or 0, name)}"


def _read_choice(text: str) -> Chosen[CustomerLink] | None:
    number, colon, fingerprint = text.partition(":")
    client_id = read_client_id(number)
    return None if client_id is None or not colon else Chosen(CustomerLink(client_id), fingerprint)


def _fingerprints(picture: CustomerPicture) -> Callable[[CustomerLink], str | None]:
    fingerprints = {client.id: client_fingerprint(picture.tenant, client.id, client.name) for client in picture.targets}
    return lambda link: None if link.halo_client_id is None else fingerprints.get(link.halo_client_id)


_PACKED = TypeAdapter[tuple[int | None, bool]](tuple[BigInt | None, bool])
_PackedLink = Annotated[
    CustomerLink,
    PlainSerializer(lambda link: (link.halo_client_id, link.excluded)),
    PlainValidator(lambda value: CustomerLink(*_PACKED.validate_python(value))),
]
_LINK = TypeAdapter[CustomerLink](_PackedLink)


# Files.


def _cells(row: CustomerRow) -> tuple[object, ...]:
    how = row.problem or row.matched_by  # for people; ignored on the way in
    return row.key, row.name, row.target_id, row.target_name, row.excluded, how


def _cell_reader(picture: CustomerPicture) -> Callable[[Cells, CustomerRow], CustomerLink]:
    present = {client.id for client in picture.targets}

    def read(cells: Cells, row: CustomerRow) -> CustomerLink:
        link = CustomerLink(_client_id(cells, row), _excluded(cells, row))
        client_id = link.halo_client_id
        if client_id is not None and client_id != row.link.halo_client_id and client_id not in present:
            wrong = f"the last read of Halo has no client {client_id}; correct the id, or read Halo again if the client"
            cells.wrong("halo_client_id", f"{wrong} is new")
        return link

    return read


def _client_id(cells: Cells, row: CustomerRow) -> int | None:
    text = cells.texts["halo_client_id"].strip()
    client_id = read_client_id(text)
    if text and client_id is None:
        cells.wrong("halo_client_id", f'"{text}" is no client\'s id; write digits only, or nothing for no link')
    # A client that the customer has by its name needs no link.
    return None if row.link.halo_client_id is None and row.target_id == client_id else client_id


def _excluded(cells: Cells, row: CustomerRow) -> bool:
    text = cells.texts.get("excluded", "").strip().casefold()
    if text and text not in _YES | _NO:
        cells.wrong("excluded", f'"{text}" is neither true nor false; write one of the two, or nothing')
    return text in _YES if text else row.excluded


# Sentences.


def _unknown(key: str) -> str:
    if not key.strip():
        return "is empty; write the customer's id, or remove the line"
    return (
        f'there is no customer "{key}" in the invoice; correct the id (spreadsheets drop leading zeros), or remove '
        "the line"
    )


def _linked(row: CustomerRow, others: OtherRows, _picture: CustomerPicture) -> str:
    client = row.target_name or f"client #{row.target_id}"
    together = f" Their products are taken together: it serves {others.listed} as well." if others else ""
    return f'"{row.called}" is linked to "{client}".{together}'


def _shared(others: OtherRows) -> str:
    return f"Already serves {others.listed}; then their products are taken together." if others else ""


def _refused(refused: RefusedChange[CustomerLink], called: str) -> str:
    client_id = refused.change.after.halo_client_id
    match refused.why:
        case WhyRefused.NOT_IN_HALO:
            return sentences.client_gone(called, client_id)
        case WhyRefused.ANOTHER_CLIENT:
            return sentences.another_client(called, client_id, refused.client_name or "")
        case WhyRefused.CHANGED_MEANWHILE:
            now = "" if refused.link is None else _told(refused.link, refused.client_name)
            return sentences.decided_meanwhile(called, now)


def _told(link: CustomerLink, client_name: str | None) -> str:
    if link.excluded:
        return "it is excluded"
    if link.halo_client_id is None:
        return "it has no link"
    called = f'"{client_name}" ' if client_name is not None else "client "
    return f"it is linked to {called}#{link.halo_client_id}"


CUSTOMERS = LinkKind[CustomerLink, Client](
    tab="customers",
    noun="customer",
    target_noun="client",
    no_link=_NO_LINK,
    store=lambda ports: ports.customer_links,
    rows=_rows,
    order=_order,
    names=lambda row: [row.name],
    candidates=lambda picture: [(client.id, client.name) for client in picture.targets],
    companies=True,
    link_to=lambda candidate: CustomerLink(candidate[0]),
    unlink=lambda link: CustomerLink(None, link.excluded),
    place=lambda candidate: candidate[0],
    taken=lambda row: row.target_id if row.problem is None and not row.excluded else None,
    key_field="customer_id",
    choice_field="halo_client_id",
    choice=_choice,
    read_choice=_read_choice,
    read_typed=_read_choice,
    nothing_chosen=None,
    shown=lambda link: _LINK.dump_json(link).decode(),
    read_shown=lambda text: _LINK.validate_json(text or ""),
    changes=TypeAdapter(list[tuple[str, _PackedLink, _PackedLink, str | None]]),
    fingerprints=_fingerprints,
    columns=("customer_id", "customer_name", "halo_client_id", "halo_client_name", "excluded", "matched_by"),
    required_columns=("customer_id", "halo_client_id"),
    optional_columns=("excluded",),
    cells=_cells,
    cell_reader=_cell_reader,
    search_path="clients.json",
    inactive=lambda picture: {client.id for client in picture.targets if client.inactive},
    unknown=_unknown,
    linked=_linked,
    unlinked=lambda _key: "The link is removed; the client of the same name counts again.",
    shared=_shared,
    gone=lambda called, link: sentences.client_gone(called, link.halo_client_id),
    refused=_refused,
)
"""Links of customers to clients; such a link may also exclude a customer. A client may serve several customers."""
