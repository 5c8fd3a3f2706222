"""Products and their licence names, as a run would decide it now (spec section 3, "Licence of a product")."""

from halosync.contracts.complaints import complaint
from halosync.contracts.message import Text
from halosync.domain.names import name_key
from halosync.ports.links import ProductLink, ProductPicture, RefusedChange
from pydantic import TypeAdapter, ValidationError

from report_api.links import sentences
from report_api.links.kind import Chosen, LinkKind, LinkRow, sorted_by
from report_api.links.rows_by_place import OtherRows
from report_api.links.sheet import Cells

ProductRow = LinkRow[ProductLink]

_TEXT: TypeAdapter[str] = TypeAdapter(Text)


def _order(row: ProductRow) -> tuple[str, str]:
    return name_key(row.key), row.key


def _rows(picture: ProductPicture) -> list[ProductRow]:
    in_halo = {name_key(name): name for name in sorted(picture.targets, reverse=True)}
    names, rows = dict(picture.names), []
    for code in picture.keys:
        linked, named = picture.links.get(code), in_halo.get(name_key(code))
        rows.append(
            LinkRow(
                key=code,
                name=names.get(code),
                called=code,
                link=linked,
                matched_by="link" if linked else "name" if named else None,
                target_name=linked or named,
            )
        )
    return sorted(rows, key=lambda row: sorted_by(_order(row)))


def _read_typed(text: str) -> Chosen[ProductLink] | None:
    try:
        return Chosen(_TEXT.validate_python(text.strip()))
    except ValidationError:
        return None


def _read_shown(text: str | None) -> ProductLink:
    if text is None:
        raise ValueError("before")
    return text or None


def _licence_name(cells: Cells, row: ProductRow) -> ProductLink:
    text = cells.texts["licence_name"]
    # A name read from Halo may have white space around it: the name that the product has is taken as it is.
    if text == row.link or (row.link is None and text == (row.target_name or "")):
        return row.link
    if not text.strip():
        return None
    try:
        return _TEXT.validate_python(text.strip())
    except ValidationError as error:
        cells.wrong("licence_name", complaint(error.errors()[0]))
        return row.link


def _unknown(key: str) -> str:
    if not key.strip():
        return "is empty; write the product's code, or remove the line"
    return f'there is no product "{key}" with recurring lines in the invoice; correct the code, or remove the line'


def _linked(row: ProductRow, others: OtherRows, picture: ProductPicture) -> str:
    is_new = name_key(row.target_name or "") not in {name_key(name) for name in picture.targets}
    new = "No licence in Halo has this name yet; the next sync creates licences with it." if is_new else ""
    sentence = f'"{row.key}" is linked to the licence name "{row.target_name}".'
    return " ".join(part for part in (sentence, new, _shared(others)) if part)


def _shared(others: OtherRows) -> str:
    if not others:
        return ""
    return f"Already used by {others.listed}. If a client is billed for both, neither of them can be synchronised."


def _refused(refused: RefusedChange[ProductLink], called: str) -> str:
    now = "it has no link" if refused.link is None else f'it is linked to "{refused.link}"'
    return sentences.decided_meanwhile(called, now)


PRODUCTS = LinkKind[ProductLink, str](
    tab="licences",
    noun="product",
    target_noun="licence name",
    no_link=None,
    store=lambda ports: ports.product_links,
    rows=_rows,
    order=_order,
    names=lambda row: [row.key, row.name],
    candidates=lambda picture: [(None, name) for name in picture.targets],
    companies=False,
    link_to=lambda candidate: candidate[1],
    unlink=lambda _link: None,
    place=lambda candidate: name_key(candidate[1]),
    taken=lambda row: name_key(row.target_name or row.key),
    key_field="product_code",
    choice_field="licence_name",
    choice=lambda candidate, _picture: candidate[1],
    read_choice=lambda text: Chosen(text) if text else None,
    read_typed=_read_typed,
    nothing_chosen="Enter the licence name that the product has in Halo: 1 to 500 characters.",
    shown=lambda link: link or "",
    read_shown=_read_shown,
    changes=TypeAdapter(list[tuple[str, str | None, Text | None, str | None]]),
    fingerprints=lambda _picture: lambda _link: None,
    columns=("product_code", "product_name", "licence_name", "matched_by"),
    required_columns=("product_code", "licence_name"),
    optional_columns=(),
    cells=lambda row: (row.key, row.name, row.target_name, row.matched_by),
    cell_reader=lambda _picture: _licence_name,
    search_path="names.json",
    inactive=lambda _picture: (),
    unknown=_unknown,
    linked=_linked,
    unlinked=lambda key: f'The link is removed; the licence named "{key}" counts again.',
    shared=_shared,
    gone=lambda called, link: sentences.licence_name_gone(called, link or ""),
    refused=_refused,
)
"""Links of products to licence names, also to new ones.

A product without licence name is no problem: a run creates its licences, named like the product code.
"""
