"""What a case's Halo is like besides its fault, drawn by seed (halo-api section 5): what is to be done stays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from devstack.faults.workload import CLIENTS, CYCLE, Key, State, Workload
from devstack.fields import Fields

HABITS: Sequence[Mapping[str, object]] = (
    {"odd_rows": True},
    {"null_lists": True},
    {"byte_order_mark": True},
    {"shows_last_page_again": True},
    {"shuffle_answers": True},
    {"bare_single_answer": False},
    {"warns": True},
    {"scope_in_exchange": "optional"},
    {"odd_token_answer": {"scope": None}},
    {"odd_token_answer": {"scope": 7, "expires_in": "an hour"}},
    {"issuer": "own"},
    {"kept_prices": "cents"},
    {"kept_counts": "whole"},
    {"row_delay_s": 0.002},
)
"""Settings of the sandbox; each is drawn for half of the cases. None changes which requests a fault meets."""

SIZES: Sequence[Mapping[str, object]] = (
    {},
    {"record_counts": "page"},
    {"ignored_page_no": ["licences"]},
    {"page_cap": 50},
    {"largest_array": 20},
)
"""How it counts, pages and takes arrays; one is drawn for a case that waits for no certain request to Halo.

So is whether it is at a domain of the partner's own: what ends TLS there stands between a process and its connection.
"""

_COUNT_NO_REQUESTS = {"broker", "Postgres", "servers", "all"}
"""Where such cases hurt."""

_TWIN, _NAMELESS = 100, 200
"""By how much the id of an inactive twin is higher; the id of a client without a name."""
_NOBODY = 0


@dataclass(frozen=True)
class Habits:
    """The settings of a Halo.

    `others`: inactive twins of its clients, licences that another program has marked, one of no client, and a client
    without a name. `own_domain`: it is at a domain of the partner's own.
    """

    settings: Fields
    others: bool
    own_domain: bool = False


NO_HABITS = Habits({}, others=False)


def drawn_habits(seed: int, case: str, where: str) -> Habits:
    """Draw what the Halo of a case is like; `where` it hurts."""

    def drawn(what: object) -> int:
        return sha256(f"{seed} {case} {what}".encode()).digest()[0]

    settings = {name: value for habit in HABITS if drawn(habit) % 2 == 0 for name, value in habit.items()}
    others = drawn("others") % 2 == 0
    if where not in _COUNT_NO_REQUESTS:
        return Habits(settings, others)
    sizes = SIZES[drawn("sizes") % len(SIZES)]
    return Habits({**settings, **sizes}, others, own_domain=drawn("own domain") % 2 == 0)


def with_others(workload: Workload) -> Workload:
    """Return the workload in a Halo in which others work as well: what is theirs stays."""
    theirs: dict[Key, State] = {(client, f"THEIRS-{client}"): (4, 3.5, CYCLE) for client in CLIENTS}
    asleep: dict[Key, State] = {(client + _TWIN, f"SLEEPS-{client}"): (2, 1.5, CYCLE) for client in CLIENTS}
    nobodys: dict[Key, State] = {(_NOBODY, "NOBODYS"): (6, 4.5, CYCLE)}
    stays = theirs | asleep | nobodys
    licences = [
        {"name": name, "count": count, "price": price, "billing_cycle": cycle}
        | ({"client_id": client} if client != _NOBODY else {})
        | ({"snowid": "7"} if (client, name) in theirs else {})
        for (client, name), (count, price, cycle) in stays.items()
    ]
    return replace(
        workload,
        licences=[*workload.licences, *licences],
        before={**workload.before, **stays},
        wanted={**workload.wanted, **stays},
        more_clients=[
            *({"id": client + _TWIN, "name": name, "inactive": True} for client, name in CLIENTS.items()),
            {"id": _NAMELESS, "name": ""},
        ],
    )
