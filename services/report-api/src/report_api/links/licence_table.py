"""The rows of the License tab."""

import asyncio
from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime

from halosync.domain.names import name_key
from halosync.store.links import LinkStore, ProductPicture

from report_api.links import sentences as wording
from report_api.links.accepting import product_pair
from report_api.links.list_page import Shown, Standing, choose, standing_of_product, texts_of_product
from report_api.links.models import Product
from report_api.links.products import products, with_name_suggestions
from report_api.links.sharing import Claims
from report_api.links.view import View, best_pair

_LISTED = 300
"""Licence names that a browser gets to choose from without a script; more would weigh more than the page."""


@dataclass(frozen=True, slots=True)
class SuggestedName:
    """A suggestion. `pair` is the tick box's value, `hint` says which products use the name already."""

    pair: str
    name: str
    score: int
    hint: str


@dataclass(frozen=True, slots=True)
class ProductEntry:
    """A row. `is_new`: it is linked to a name that no licence has yet; `shares` says who leads to the same name."""

    product: Product
    standing: Standing
    is_new: bool
    shares: str
    suggested: Sequence[SuggestedName]

    @property
    def best(self) -> str | None:
        """Return the pair of the suggestion that fits better than all others; None without one."""
        return best_pair(self.suggested)

    @property
    def called(self) -> str:
        """Return what the product is called in sentences."""
        return self.product.product_code

    @property
    def before(self) -> str:
        """Return the licence name it is linked to as shown, for the forms of the row; empty without a link."""
        return (self.product.licence_name or "") if self.product.matched_by == "link" else ""


@dataclass(frozen=True, slots=True)
class LicenceTable:
    """A page of the tab. `names` is how many licence names the last read showed, `listed` are some of them."""

    shown: Shown[Product]
    entries: Sequence[ProductEntry]
    names: int
    listed: Sequence[str]
    read_at: datetime | None


async def licence_table(links: LinkStore, partner_id: str, view: View) -> LicenceTable:
    """Return the page of products that the view is of."""
    picture = await links.products(partner_id)
    return await asyncio.to_thread(_table, picture, view)


def _table(picture: ProductPicture, view: View) -> LicenceTable:
    every = products(picture)
    shown = choose(
        every, standing=standing_of_product, texts=texts_of_product, only=view.show, q=view.q, page=view.page
    )
    claims, in_halo = Claims(every), {name_key(name) for name in picture.licence_names}
    return LicenceTable(
        shown=shown,
        entries=[_entry(product, claims, in_halo) for product in with_name_suggestions(shown.rows, picture)],
        names=len(picture.licence_names),
        listed=sorted(picture.licence_names, key=name_key)[:_LISTED],
        read_at=picture.read_at,
    )


def _entry(product: Product, claims: Claims, in_halo: Container[str]) -> ProductEntry:
    code, name = product.product_code, product.licence_name
    others = claims.others(name or code, code)
    return ProductEntry(
        product=product,
        standing=standing_of_product(product),
        is_new=product.matched_by == "link" and name_key(name or "") not in in_halo,
        shares=others.listed if others else "",
        suggested=[
            SuggestedName(
                pair=product_pair(code, each.name),
                name=each.name,
                score=each.score,
                hint=wording.shares_licence_name(claims.others(each.name, code)),
            )
            for each in product.suggestions
        ],
    )
