"""Links by which rows lead to the pages of what they name.

In Python: a page has hundreds of them, and a template's macro takes three times as long.
"""

from markupsafe import Markup

from report_api.web.addresses import near_url
from report_api.web.directions import contained
from report_api.web.formats import NOTHING

_LINK, _NAMED, _LINKED = Markup('<a href="'), Markup('">'), Markup("</a>")
_NAME, _ENDS = Markup("<bdi>"), Markup("</bdi>")
_ONLY_IN_HALO = "halo-"
"""Begins the id of a customer that no invoice has: it has no page."""


class RowLinks:
    """The links of the page at `path`, as its address is written."""

    def __init__(self, path: str) -> None:
        self._path = path

    def near(self, *parts: str, **query: str | None) -> str:
        """Return an address as `near_url` does."""
        return near_url(self._path, *parts, **query)

    def customer(self, customer_id: str | None, name: str | None, period: str | None = None) -> Markup:
        """Return a customer by name, with a link to its page where it has one; `period`: as of that month."""
        if not customer_id or customer_id.startswith(_ONLY_IN_HALO):
            return _NAME + contained(name or NOTHING) + _ENDS
        url = self.near("customer", customer_id, period=period)
        return _LINK + url + _NAMED + contained(name or customer_id) + _LINKED

    def licence(self, halo_licence_id: int | None, name: str | None) -> Markup:
        """Return a licence in Halo by name, with a link to its page; without an id there is none."""
        if halo_licence_id is None:
            return _NAME + contained(name or NOTHING) + _ENDS
        return _LINK + self.near("licence", str(halo_licence_id)) + _NAMED + contained(name or "Licence") + _LINKED
