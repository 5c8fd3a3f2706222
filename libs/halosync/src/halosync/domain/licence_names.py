"""Which licences of a client go by which product, and which products want the same one (spec section 3)."""

from collections.abc import Collection, Mapping, Sequence
from html import unescape

from halosync.domain.client_rules import Rules
from halosync.domain.model import Licence
from halosync.domain.products import Product


def rivals_of(products: Sequence[Product], targets: Mapping[str, str]) -> dict[str, list[Product]]:
    """Return the products that claim one licence together, by the key of its name."""
    claimants: dict[str, list[Product]] = {}
    for product in products:
        if product.recurring:  # Only recurring lines set a licence, so a product without any claims nothing.
            claimants.setdefault(targets[product.key], []).append(product)
    return {target: rivals for target, rivals in claimants.items() if len(rivals) > 1}


def by_name(
    licences: Sequence[Licence], targets: Mapping[str, str], claimed: Collection[str], rules: Rules
) -> dict[str, list[Licence]]:
    """Return the licences by the key of the name that they go by; `claimed` are the values of `targets`.

    One that halosync wrote for a product goes by the product's name, whatever it is called now, unless another one
    bears exactly that name (spec section 9, "Names that Halo changes").
    """
    by_key: dict[str, list[Licence]] = {}
    known = []
    for licence in licences if rules.settings.licence_type is None else filter(rules.is_of_type, licences):
        key = rules.key(licence.name)
        target = _known_for(licence, key, targets, claimed, rules)
        if target is None:
            by_key.setdefault(key, []).append(licence)
        else:
            known.append((key, target, licence))
    borne = set(by_key)
    for key, target, licence in known:
        by_key.setdefault(key if target in borne else target, []).append(licence)
    return by_key


def _known_for(
    licence: Licence, key: str, targets: Mapping[str, str], claimed: Collection[str], rules: Rules
) -> str | None:
    """Return the key of the name that a licence was written under, where it is not its own.

    A licence that a person called after another product is that product's; what Halo itself makes of a name is not.
    """
    written = rules.written.get(licence.id)
    if written is not None:
        renamed_by_halo = written.asked_name is not None and written.kept_name == licence.name
        if written.product_code is not None and (renamed_by_halo or key not in claimed):
            target = targets.get(rules.key(written.product_code))
            if target is not None:
                return target
        if renamed_by_halo and written.asked_name:
            return rules.key(written.asked_name)
    # A create that nobody could look up left no trace but this: a second one would make the licence twice.
    plain = rules.key(unescape(licence.name)) if "&" in licence.name else key
    return plain if plain != key and key not in claimed else None


def unclaimed_of(by_key: Mapping[str, Sequence[Licence]], claimed: Collection[str], rules: Rules) -> frozenset[int]:
    """Return the licences that no product of the invoice has, no other program marks, and no person keeps."""
    if not rules.perhaps_created:  # nobody asks for them
        return frozenset()
    unclaimed = {
        licence.id
        for target, found in by_key.items()
        if target not in claimed
        for licence in found
        if licence.foreign_mark is None
    }
    return frozenset(unclaimed - rules.kept - rules.owned_by_others)
