"""What holds for every client of a plan: which licence a product means, and which ones are to be left alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import unescape

from halosync.domain.drift import drift_of
from halosync.domain.licences import is_removed, state_of, traits_of
from halosync.domain.model import Cleanup, Drift, KeptOtherwise, Licence, LicenceState, Traits, WrittenLicence
from halosync.domain.plan import PlanSettings
from halosync.domain.products import Product
from halosync.domain.verification import same_wish

NOT_WRITTEN = WrittenLicence()
"""What is remembered of a licence that halosync did not write."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for every client of a plan.

    `links` has linked licence names by product key, `words` Halo's billing cycles by the key of the invoice's; `key` is
    `name_key`. `protected` are clients that are not cleaned up. The other sets are of licences, as in `PlanInput`;
    `perhaps_created` and `vanished` are by product key.
    """

    settings: PlanSettings
    links: Mapping[str, str]
    words: Mapping[str, str]
    owned: frozenset[int]
    owned_by_others: frozenset[int]
    removed: frozenset[int]
    kept: frozenset[int]
    protected: frozenset[int]
    written: Mapping[int, WrittenLicence]
    perhaps_created: Mapping[tuple[int, str], frozenset[int]]
    vanished: Mapping[tuple[int, str], Drift]
    key: Callable[[str], str]

    def target(self, product: Product) -> str:
        """Return the key of the licence name that the product's licence has: the linked one's, else the code's."""
        linked = self.links.get(product.key)
        return product.key if linked is None else self.key(linked)

    def targets(self, products: Sequence[Product]) -> dict[str, str]:
        """Return the target of each product, by its key."""
        if not self.links:
            return {product.key: product.key for product in products}
        return {product.key: self.target(product) for product in products}

    def name_of(self, product: Product) -> str:
        """Return the name that the product's licence is to have."""
        return self.links.get(product.key, product.code)

    def keeps_name(self, product: Product, licence: Licence) -> bool:
        """Tell whether a licence keeps its name: a linked one's, the code's, or the one that Halo makes of it."""
        wanted = self.name_of(product)
        plain, written = unescape(licence.name), self.written.get(licence.id, NOT_WRITTEN)
        if wanted in {licence.name, plain} or (written.asked_name, written.kept_name) == (wanted, licence.name):
            return True
        return product.key in self.links and self.target(product) in {self.key(licence.name), self.key(plain)}

    def kept_otherwise(self, licence: Licence) -> KeptOtherwise | None:
        """Return the last wish of the licence that Halo did not keep to the letter, if there is one."""
        written = self.written.get(licence.id)
        return None if written is None else written.otherwise

    def answered_before(self, licence: Licence, asked: LicenceState | None, name: str | None) -> KeptOtherwise | None:
        """Return what Halo made of the same wish before, if it still shows that: asking again changes nothing."""
        before = self.kept_otherwise(licence)
        if before is None:
            return None
        wish = KeptOtherwise(asked, self.state(licence), name, licence.name)
        return before if same_wish(before, wish) else None

    def state(self, licence: Licence) -> LicenceState:
        """Return the observed state by the partner's price field."""
        return state_of(licence, self.settings.price_field)

    def is_removed(self, licence: Licence) -> bool:
        """Tell whether the licence already is what the partner's removal would make of it."""
        return is_removed(licence, self.settings.removal, self.removed)

    def drift(self, licence: Licence) -> tuple[Drift, ...]:
        """Return what somebody has edited of a licence since halosync wrote it."""
        written = self.written.get(licence.id)
        return () if written is None else drift_of(licence, written.last, self.settings.price_field)

    def traits(self, licence: Licence) -> Traits:
        """Return what the licence is besides its state."""
        return traits_of(licence, self.settings.price_field, self.written.get(licence.id))

    def is_foreign(self, licence: Licence) -> bool:
        """Tell whether the licence is somebody else's, to be neither changed nor removed (spec section 9)."""
        return licence.foreign_mark is not None and not self.settings.adopt_foreign

    def is_of_type(self, licence: Licence) -> bool:
        """Tell whether the licence is of the type that the partner synchronises; an unknown type may be that."""
        wanted = self.settings.licence_type
        return wanted is None or licence.licence_type is None or licence.licence_type == wanted

    def may_clean_up(self, licence: Licence) -> bool:
        """Tell whether clean-up looks at the licence at all: not at what others wrote, or what is gone already."""
        if licence.id in self.owned_by_others or self.is_foreign(licence):
            return False
        wanted = self.settings.cleanup is Cleanup.ALL or licence.id in self.owned
        return wanted and licence.is_active and not self.is_removed(licence)
