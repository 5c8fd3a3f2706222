"""The sentences of the Customers and License tabs: what happened to a row, and what to do."""

from collections.abc import Iterable

from halosync.domain.model import CustomerLink
from halosync.store.link_changes import CustomerChange, ProductChange, Refused, WhyRefused

from report_api.links.sharing import Others


def no_longer_billed(name: str) -> str:
    """Say that the invoice does not have this customer or product."""
    return f'"{name}" is no longer in the invoice, so there is nothing to link. Load this page again.'


def ticked_twice(name: str, what: str) -> str:
    """Say that two suggestions were ticked for one row; `what` is client or licence name."""
    return f'"{name}" was ticked for more than one {what}, and it can have only one. Tick one of them.'


def decided_meanwhile(name: str, now: str = "") -> str:
    """Say that the row is not what the person saw; `now` is what it is, as the end of a sentence."""
    kept = f"that was kept: {now}" if now else "that was kept"
    return f'"{name}" was changed by somebody else meanwhile, and {kept}. Check it on this page.'


def another_client(name: str, client_id: int, called: str) -> str:
    """Say that the id means another client than the person saw."""
    return (
        f'"{name}" was not linked: Halo has changed since you opened the page: #{client_id} is now called "{called}". '
        "Check it on this page."
    )


def client_gone(name: str, client_id: int) -> str:
    """Say that the client is not in the last read."""
    return (
        f'"{name}" was not linked: the last read of Halo has no client #{client_id}. Choose another client, or read '
        "Halo again if it is new."
    )


def licence_name_gone(code: str, licence_name: str) -> str:
    """Say that no licence has the suggested name any more."""
    return f'"{code}" was not linked: no licence in Halo is called "{licence_name}" any more. Choose another name.'


def refused_customer(refused: Refused[CustomerChange], name: str) -> str:
    """Say why the store did not link a customer."""
    client_id = refused.change.after.halo_client_id
    if refused.why is WhyRefused.NOT_IN_HALO and client_id is not None:
        return client_gone(name, client_id)
    if refused.why is WhyRefused.ANOTHER_CLIENT and client_id is not None:
        return another_client(name, client_id, refused.name or "")
    return decided_meanwhile(name, "" if refused.link is None else _told(refused.link, refused.name))


def refused_product(refused: Refused[ProductChange]) -> str:
    """Say why the store did not link a product."""
    now = "it has no link" if refused.name is None else f'it is linked to "{refused.name}"'
    return decided_meanwhile(refused.change.product_code, now)


def _told(link: CustomerLink, client_name: str | None) -> str:
    if link.excluded:
        return "it is excluded"
    if link.halo_client_id is None:
        return "it has no link"
    called = f'"{client_name}" ' if client_name is not None else "client "
    return f"it is linked to {called}#{link.halo_client_id}"


def shares_client(others: Others) -> str:
    """Say whom a client serves already; empty when nobody."""
    return f"Already serves {others.listed}; then their products are taken together." if others else ""


def shares_licence_name(others: Others) -> str:
    """Say which products lead to a licence name already; empty when none."""
    if not others:
        return ""
    return f"Already used by {others.listed}. Of a client that is billed for both, neither can be synchronised."


def listed(sentences: Iterable[str], most: int = 10) -> list[str]:
    """Return at most `most` of the sentences, and how many more there are."""
    every = list(sentences)
    more = len(every) - most
    return every if more <= 0 else [*every[:most], f"And {more} more."]
