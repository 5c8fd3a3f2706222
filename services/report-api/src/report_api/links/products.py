"""Which licence name each product has (spec section 3, "Licence of a product"). Pure functions."""

from collections.abc import Sequence

from halosync.domain.names import name_key
from halosync.domain.suggestions import licence_name_suggestions
from halosync.store.links import ProductPicture

from report_api.links.models import Product
from report_api.links.suggestions import best


def products(picture: ProductPicture) -> list[Product]:
    """Return every product, by code, without suggestions."""
    in_halo = {name_key(name): name for name in sorted(picture.licence_names, reverse=True)}
    found = []
    for code in sorted({*picture.names, *picture.links}):
        linked, named = picture.links.get(code), in_halo.get(name_key(code))
        found.append(
            Product(
                product_code=code,
                product_name=picture.names.get(code),
                licence_name=linked or named,
                matched_by="link" if linked else "name" if named else None,
                suggestions=[],
            )
        )
    return found


def with_name_suggestions(page: Sequence[Product], picture: ProductPicture) -> list[Product]:
    """Return the page with suggestions for those without a licence name, as like the code or the product's name."""
    candidates = licence_name_suggestions(picture.licence_names)
    return [
        product.model_copy(update={"suggestions": best(candidates, [product.product_code, product.product_name])})
        if product.matched_by is None
        else product
        for product in page
    ]
