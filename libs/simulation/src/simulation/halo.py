"""The partner's Halo: a tenant of the sandbox on virtual time, whose faults the dice draw."""

import math
from collections.abc import Callable, Mapping, Sequence
from random import Random
from types import MappingProxyType

from halo_sandbox.clock import Clock
from halo_sandbox.faults import Action, FaultRules, Hit
from halo_sandbox.keeping import kept
from halo_sandbox.model import Licence
from halo_sandbox.settings import TenantSettings
from halo_sandbox.tenant import Tenant
from pydantic import JsonValue

from simulation.book import CYCLE, LOOK_ALIKE, ONLY_ASLEEP
from simulation.clock import now
from simulation.expected import UNDELETABLE
from simulation.process import Dice
from simulation.scenario import Keeps, OddTokens, Scenario

TENANT = "acme"
SUFFIX = ".halo.example"
OWN_DOMAIN = "psa.acme.example"
REFUSED = "P-0"
"""The licence that a Halo refuses, if it refuses one."""

UNLISTED = 999_999
"""A client that Halo does not list, although it has licences."""

NAMELESS = 903

ASLEEP = 100
"""By how much the id of an inactive twin is higher."""

SETTLE_S = 60.0
"""Halo applies a late write within so many seconds of its arrival."""

EMPTY_S = 50.0
"""For so long at most lists are empty without a reason: less than the settle time, after which a look is repeated."""

_DROP_BEFORE, _DROP_AFTER, _HALF = Action(drop_before=True), Action(drop_after=True), Action(half_body=True)
_LOG_IN = Action(status=302, headers={"location": "https://acme.halo.example/auth/login"})
_EMPTY, _OMIT, _REPEAT = Action(empty_list=True), Action(shift_pages="omit"), Action(shift_pages="repeat")


_KEEPING: Mapping[Keeps, Mapping[str, JsonValue]] = MappingProxyType(
    {
        "all": {},
        "escaped": {"kept_names": "escaped"},
        "cut": {"kept_names": "cut", "name_length": 8},
        "cents": {"kept_prices": "cents"},
        "whole": {"kept_counts": "whole"},
        "other_case": {"kept_cycles": {CYCLE: CYCLE.lower()}},
        "other_cycle": {"kept_cycles": {CYCLE: "Per month"}},
        "no_prices": {"ignored_fields": ["price"]},
        "no_deletes": {"ignores_deletes": True},
        "no_activity": {"ignored_fields": ["is_active"]},
    }
)


_ODD_TOKENS: Mapping[OddTokens, Mapping[str, JsonValue]] = MappingProxyType(
    {
        "none": {},
        "no_lifetime": {"expires_in": None},
        "lifetime_0": {"expires_in": 0},
        "lifetime_as_words": {"expires_in": "an hour"},
        "no_scope": {"scope": None},
        "scope_as_number": {"scope": 7},
    }
)


def product_name(number: int) -> str:
    """Return the code of a product; all but one hold what a Halo may escape, and are longer than it may keep."""
    return f"P&{number} seats" if number else REFUSED


class Halo:
    """The tenant.

    Attributes:
        tenant: the sandbox's.
        name: the tenant's in halosync: a label, or the domain of the partner's own at which it is.
        faults: what its requests meet.
        url: where it answers, and nowhere else.
        broken_off: writes that their sender, still alive, gave up in the middle.
    """

    def __init__(self, dice: Dice, scenario: Scenario) -> None:
        settings = TenantSettings(
            refused_array=scenario.good_rows,
            refused_names=(REFUSED,) if scenario.refuses and not scenario.sinks else (),
            upsetting_names=(REFUSED,) if scenario.refuses and scenario.sinks else (),
            failures_as_200=scenario.as_200,
            largest_array=scenario.largest_array,
            undeletable_names=(UNDELETABLE,) if scenario.undeletable else (),
            warns=scenario.warns,
            row_delay_s=scenario.row_delay_s,
            names_refused_rows=scenario.names_rows,
            record_counts="page" if scenario.counts_page else "list",
            ignored_page_no=("licences",) if scenario.ignores_page_no else (),
            unlisted_clients=(UNLISTED,),
            odd_rows=scenario.odd_rows,
            null_lists=scenario.odd_rows,
            byte_order_mark=scenario.odd_rows,
            page_cap=scenario.page_cap,
            rate_requests=scenario.limit,
            rate_window_s=scenario.window_s,
            rate_window="rolling" if scenario.sliding else "fixed",
            refused_requests_count=True,
            retry_after="seconds",
            odd_token_answer=_ODD_TOKENS[scenario.odd_tokens],
            access_token_lifetime_s=scenario.token_s,
            refresh_tokens="keep" if scenario.keeps_refresh_token else "rotate",
            reuse_revokes_family=True,
        ).changed(_KEEPING[scenario.keeps])
        self.tenant = Tenant(TENANT, settings, Clock(wall=now, monotonic=now), Random(0))
        self.name = OWN_DOMAIN if scenario.own_domain else TENANT
        self.url = f"https://{self.name if scenario.own_domain else TENANT + SUFFIX}"
        self.tenant.faults = self.faults = DrawnFaults(dice, scenario.window_s)
        self.tenant.add_clients({"id": n, "name": f"Client {n}"} for n in (*range(1, scenario.clients + 1), UNLISTED))
        self.broken_off = 0

    def kept_name(self, code: str) -> str:
        """Return how this Halo calls a licence that is to be called by a product code."""
        name: str = kept({"name": code}, self.tenant.settings)["name"]
        return name

    def licences(self) -> Sequence[Licence]:
        """Return the licences that there are."""
        return [licence for licence in self.tenant.licences.ever() if not licence.deleted]

    def add(self, client_id: int, name: str, quantity: float, **more: object) -> int:
        """Let others add a licence that a recurring invoice bills, and return its id; `more` are further fields."""
        fields = {"client_id": client_id, "name": name, "count": quantity, "price": 10.0, "billing_cycle": CYCLE}
        licence_id = self.tenant.licences.create({**fields, **more}, request=None).id
        self.tenant.add_recurring_lines([{"licence_id": licence_id}])
        return licence_id

    def add_inactive_twin(self, client_id: int) -> int:
        """Let a person add an inactive client of a client's name, and return its id."""
        self.tenant.add_clients([{"id": client_id + ASLEEP, "name": f"Client {client_id}", "inactive": True}])
        return client_id + ASLEEP

    def add_nearly_customers(self) -> None:
        """Let a person add clients that are nearly those of misfit lines (`book`)."""
        name = f"Clie\u00adnt {LOOK_ALIKE}"
        self.tenant.add_clients([{"id": LOOK_ALIKE, "name": name}])
        self.tenant.add_clients([{"id": ONLY_ASLEEP, "name": f"Client {ONLY_ASLEEP}", "inactive": True}])

    def add_nameless_client(self) -> None:
        """Let a client without a name be there."""
        self.tenant.add_clients([{"id": NAMELESS, "name": ""}])

    def remove(self, licence: Licence) -> None:
        """Let a person remove a licence."""
        self.tenant.licences.delete(licence, request=None, still_listed=False)


class DrawnFaults(FaultRules):
    """A fault for each request, drawn from the dice by their rates.

    Attributes:
        may_show_nothing: whether it may show empty lists for a while: the very first read cannot know better than to
            believe it.
        may_be_blind: whether its agent may lose all rights for longer, up to `blind_until`: where nothing is known,
            nobody can tell.
    """

    def __init__(self, dice: Dice, window_s: float) -> None:
        super().__init__()
        self.may_show_nothing = self.may_be_blind = False
        self.blind_until = 0.0
        self._empty_until = 0.0
        self._dice, self._window_s = dice, window_s

    def hit(self, method: str, path: str, row_names: Callable[[], Sequence[str]]) -> Hit:
        """Draw the fault of a request."""
        action = self._answer(write=method != "GET") or (self._list() if method == "GET" else None)
        return super().hit(method, path, row_names) if action is None else Hit(action, 1)

    def _answer(self, *, write: bool) -> Action | None:
        dice, rates = self._dice, self._dice.rates
        if dice.hits(rates.too_many):
            wait_s = math.ceil(dice.between(0.0, self._window_s))
            return Action(status=429, body={"error": "too many requests"}, headers={"retry-after": str(wait_s)})
        if dice.hits(rates.unanswered):
            if not write or not dice.hits(rates.applied):
                return _DROP_BEFORE
            if not dice.hits(rates.late):
                return _DROP_AFTER
            return Action(late_apply_s=dice.between(0.0, rates.late_share * SETTLE_S))
        if dice.hits(rates.server_error):
            return Action(status=502, apply=write and dice.hits(0.5))
        return self._refusal(write=write) or (_HALF if dice.hits(rates.unanswered * 0.3) else None)

    def _refusal(self, *, write: bool) -> Action | None:
        """Refuse what would be taken a little later."""
        dice, rates = self._dice, self._dice.rates
        if dice.hits(rates.closed):
            return Action(status=503, headers={"retry-after": str(math.ceil(dice.between(0.0, 60.0)))})
        if write and dice.hits(rates.locked):
            return Action(status=dice.one_of((409, 423)), body={"Message": "Locked by another user."})
        return _LOG_IN if write and dice.hits(rates.log_in_page) else None

    @property
    def shows_lists_at(self) -> float:
        """From when on the agent sees its lists again, in seconds of the virtual clock, if nothing else happens."""
        return max(self._empty_until, self.blind_until)

    def _list(self) -> Action | None:
        dice, rates = self._dice, self._dice.rates
        if self.may_show_nothing and dice.hits(rates.empty_list):
            self._empty_until = now() + dice.between(0.0, EMPTY_S)
        if now() < self._empty_until or (self.may_be_blind and now() < self.blind_until):
            return _EMPTY
        return dice.one_of((_OMIT, _REPEAT)) if dice.hits(rates.shifted_list) else None
