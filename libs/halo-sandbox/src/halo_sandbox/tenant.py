"""One tenant: what it holds, who may use it, how it behaves today."""

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from random import Random, SystemRandom

from halo_sandbox.clock import SYSTEM_CLOCK, Clock
from halo_sandbox.faults import FaultRules
from halo_sandbox.licences import LicenceStore
from halo_sandbox.limits import LimitRule, RequestLimit
from halo_sandbox.model import (
    NO_CLIENT,
    OTHER_LICENCE_FIELDS,
    Client,
    Licence,
    RecurringLine,
    client_json,
    licence_json_begin,
)
from halo_sandbox.request_log import RequestLog
from halo_sandbox.seeds import Application, ClientSeed, LicenceSeed, RecurringLineSeed, TenantSeed
from halo_sandbox.settings import TenantSettings
from halo_sandbox.tokens import TokenStore

# A fraction of ids that is spread evenly over any range of them: multiples of the golden ratio never cluster.
_GOLDEN = 0.6180339887498949


@dataclass(slots=True)
class Tenant:
    """The state of one Halo, all of it in memory."""

    name: str
    settings: TenantSettings
    clock: Clock = SYSTEM_CLOCK
    random: Random = field(default_factory=SystemRandom)
    applications: dict[str, Application] = field(default_factory=dict)
    clients: dict[int, Client] = field(default_factory=dict)
    recurring_lines: list[RecurringLine] = field(default_factory=list)
    limit: RequestLimit = field(default_factory=RequestLimit)
    faults: FaultRules = field(default_factory=FaultRules)
    tokens: TokenStore = field(init=False)
    licences: LicenceStore = field(init=False)
    requests: RequestLog = field(init=False)
    _client_lists: dict[bool, list[int]] = field(default_factory=dict)
    _json: dict[int, tuple[Licence, str]] = field(default_factory=dict)
    _later: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Give its parts the tenant's own clock and chance."""
        self.tokens = TokenStore(self.name, self.clock, self.random)
        self.licences, self.requests = LicenceStore(self.clock), RequestLog(self.clock)

    @classmethod
    def seeded(cls, name: str, seed: TenantSeed, defaults: TenantSettings) -> "Tenant":
        """A tenant as the seed describes it.

        Raises:
            pydantic.ValidationError: a setting does not fit.
            ValueError: an id is given twice, or a licence's client is not there.
        """
        tenant = cls(name, defaults.changed(seed.settings))
        tenant.applications = {application.client_id: application for application in seed.applications}
        tenant.add_clients(seed.clients)
        tenant.add_licences(seed.licences)
        tenant.add_recurring_lines(seed.recurring_lines)
        return tenant

    def add_clients(self, seeds: Iterable[ClientSeed]) -> list[Client]:
        """Add clients, as a person working in Halo does.

        Raises:
            ValueError: an id is taken.
        """
        next_id = max(self.clients, default=0) + 1
        added = []
        for seed in seeds:
            client_id = seed.get("id", next_id)
            if client_id in self.clients:
                raise ValueError(f"client {client_id} exists already")
            client = Client(
                id=client_id, name=seed["name"], inactive=seed.get("inactive", False), main_site_id=client_id + 1
            )
            self.clients[client_id] = client
            added.append(client)
            next_id = max(next_id, client_id + 1)
        self._client_lists.clear()
        return added

    def add_licences(self, seeds: Iterable[LicenceSeed]) -> list[Licence]:
        """Add licences, as a person working in Halo does.

        Raises:
            ValueError: an id is taken, or there is no such client.
        """
        added = []
        for seed in seeds:
            client_id = seed.get("client_id", NO_CLIENT)
            if client_id != NO_CLIENT and client_id not in self.clients:
                raise ValueError(f"licence {seed['name']!r}: there is no client {client_id}")
            added.append(self.licences.create(seed, request=None))
        return added

    def add_recurring_lines(self, seeds: Iterable[RecurringLineSeed]) -> list[RecurringLine]:
        """Let lines of recurring invoices bill what certain licences count, as a person working in Halo does.

        Raises:
            ValueError: there is no such licence.
        """
        added = []
        for seed in seeds:
            if self.licences.get(seed["licence_id"]) is None:
                raise ValueError(f"there is no licence {seed['licence_id']}")
            added.append(RecurringLine(id=len(self.recurring_lines) + 1, licence_id=seed["licence_id"]))
            self.recurring_lines.append(added[-1])
        return added

    def billed(self, line: RecurringLine) -> float | None:
        """The quantity that a line bills; None: its licence is deleted, and one made in its place has another id."""
        licence = self.licences.get(line.licence_id)
        return None if licence is None or licence.deleted else licence.count

    def client_list(self, *, include_inactive: bool) -> Sequence[int]:
        """The ids of the clients, ascending; not a copy."""
        if include_inactive not in self._client_lists:
            shown = (client.id for client in self.clients.values() if include_inactive or not client.inactive)
            self._client_lists[include_inactive] = sorted(shown)
        return self._client_lists[include_inactive]

    def agent_sees(self, row_id: int) -> bool:
        """Whether the agent who logged in may see this client or licence (halo-api section 1)."""
        if self.settings.agent_sees == "some":
            return row_id * _GOLDEN % 1 < self.settings.agent_sees_fraction
        return self.settings.agent_sees == "all"

    def limit_wait_s(self) -> float:
        """Seconds until a request would pass the limit; 0.0 when this one does, and then it is counted."""
        now, settings = self.clock.monotonic(), self.settings
        rule = LimitRule(settings.rate_requests, settings.rate_window_s, settings.rate_window)
        wait_s = self.limit.wait_s(rule, now)
        if not wait_s:
            self.limit.count(now)
            return 0.0
        if not settings.refused_requests_count:
            return wait_s
        self.limit.count(now)
        return self.limit.wait_s(rule, now)

    def count_foreign_requests(self, requests: int) -> None:
        """Use up the limit, as other software of the partner would."""
        self.limit.count(self.clock.monotonic(), requests)

    def change_settings(self, settings: TenantSettings) -> None:
        """Behave differently from now on."""
        self.settings = settings
        self._json.clear()

    def client_json(self, client_id: int) -> str:
        """The client as the API shows it."""
        return client_json(self.clients[client_id])

    def licence_json(self, licence: Licence) -> str:
        """The licence as the API shows it; remembered until the licence is replaced."""
        licence_was, text = self._json.get(licence.id, (None, ""))
        if licence_was is not licence:
            client_name = "" if licence.client_id == NO_CLIENT else self.clients[licence.client_id].name
            text = licence_json_begin(licence, client_name, int32_counts=self.settings.int32_counts)
            self._json[licence.id] = (licence, text)
        return text + OTHER_LICENCE_FIELDS

    def later(self, work: Coroutine[None, None, None]) -> None:
        """Let something happen to this tenant after the request that caused it is over."""
        task = asyncio.get_running_loop().create_task(work)
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    def close(self) -> None:
        """Forget what was still to happen."""
        for task in self._later:
            task.cancel()
