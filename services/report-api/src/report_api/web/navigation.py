"""The navigation: daily work, and apart from it, under *Accounts*, what is set up once and looked at now and then."""

from collections.abc import Sequence
from dataclasses import dataclass

from halosync.domain.roles import Role

from report_api.web.visitor import SignedIn, Visitor


@dataclass(frozen=True, slots=True)
class Tab:
    """A place of the navigation. `name` is what a page sets as its `tab`."""

    name: str
    title: str
    needs_connection: bool = False
    needed_role: Role = Role.VIEWER


DAILY = (
    Tab("month", "Month", needs_connection=True),
    Tab("report", "Report", needs_connection=True),
    Tab("customers", "Customers", needs_connection=True),
    Tab("licences", "License", needs_connection=True),
    Tab("history", "History"),
)
"""License as the product's documentation writes the tab; everywhere else it is licence."""

ACCOUNTS = (
    Tab("halo-psa", "Halo PSA"),
    Tab("settings", "Settings"),
    Tab("people", "People", needed_role=Role.ADMIN),
    Tab("keys", "API keys", needed_role=Role.ADMIN),
    Tab("webhooks", "Webhooks", needed_role=Role.ADMIN),
    Tab("audit", "Audit log"),
)
"""Below the tab *Accounts*, as the product's documentation has it."""

TABS = (*DAILY, *ACCOUNTS)


@dataclass(frozen=True, slots=True)
class Navigation:
    """What one visitor is offered: the tabs of both groups that it may open."""

    daily: Sequence[Tab]
    accounts: Sequence[Tab]

    def offers(self, tab: str) -> bool:
        """Tell whether the visitor may open this tab."""
        return tab in {each.name for each in (*self.daily, *self.accounts)}

    def in_accounts(self, tab: str) -> bool:
        """Tell whether a page with this tab is below *Accounts*."""
        return tab in {each.name for each in ACCOUNTS}


def navigation_of(visitor: SignedIn | None) -> Navigation:
    """Return what is offered to somebody who looks; nothing to who acts for no partner."""
    if not isinstance(visitor, Visitor):
        return Navigation((), ())
    # A broken connection keeps its tabs: what was done and what is wrong must stay readable (decision 12).
    reachable = visitor.partner.connection != "disconnected"

    def offered(tabs: Sequence[Tab]) -> Sequence[Tab]:
        return [tab for tab in tabs if (reachable or not tab.needs_connection) and visitor.may(tab.needed_role)]

    return Navigation(offered(DAILY), offered(ACCOUNTS))


def first_page(connection: str) -> str:
    """Return the tab where signing in lands: the month, or while no Halo is connected the page that connects it."""
    return "halo-psa" if connection == "disconnected" else "month"
