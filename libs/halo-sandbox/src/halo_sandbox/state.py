"""A sandbox that outlives its process: what its tenants hold, in one file (for a trial; tests keep nothing).

Kept are applications, settings, clients, licences that are not deleted, lines of recurring invoices and log-ins. Not
kept are the history, the request log, faults and what of the limit is used. What happened less than `EVERY_S` before
a process was killed is lost.
"""

import asyncio
import json
from collections.abc import MutableMapping
from pathlib import Path

from halo_sandbox.json_object import JsonObject
from halo_sandbox.model import NO_CLIENT, licence_row
from halo_sandbox.seeds import TenantSeed
from halo_sandbox.settings import TenantSettings
from halo_sandbox.tenant import Tenant
from halo_sandbox.tokens import RefreshToken, TokenFamily

EVERY_S = 1.0
_DEFAULTS = TenantSettings()


def kept(tenant: Tenant) -> JsonObject:
    """Return what is kept of a tenant, as JSON knows it."""
    seed = TenantSeed(
        applications=list(tenant.applications.values()),
        clients=[
            {"id": client.id, "name": client.name, "inactive": client.inactive} for client in tenant.clients.values()
        ],
        settings=tenant.settings.model_dump(mode="json"),
    )
    licences = [licence_row(licence) for licence in tenant.licences.ever() if not licence.deleted]
    return {
        **seed.model_dump(mode="json"),
        "licences": [{name: value for name, value in row.items() if _is_seed(name, value)} for row in licences],
        "recurring_lines": [{"licence_id": line.licence_id} for line in tenant.recurring_lines],
        "next_licence_id": max((licence.id for licence in tenant.licences.ever()), default=0) + 1,
        "log_ins": [
            {"token": token, "client_id": kept.family.client_id, "asked": sorted(kept.family.asked)}
            for token, kept in tenant.tokens.refresh.items()
            if kept.family.alive and not kept.spent
        ],
    }


def _is_seed(name: str, value: object) -> bool:
    """Tell whether a field of a licence is said of it when it is added again."""
    return name != "deleted" and (name, value) != ("client_id", NO_CLIENT)


def restored(name: str, told: JsonObject) -> Tenant:
    """Return the tenant that `kept` told of."""
    told = dict(told)
    log_ins, next_licence_id = told.pop("log_ins"), told.pop("next_licence_id")
    alive = {row["id"] for row in told["licences"]}
    told["recurring_lines"] = [line for line in told["recurring_lines"] if line["licence_id"] in alive]
    tenant = Tenant.seeded(name, TenantSeed.model_validate(told), _DEFAULTS)
    tenant.licences.number_from(next_licence_id)
    for log_in in log_ins:
        family = TokenFamily(log_in["client_id"], frozenset(log_in["asked"]))
        tenant.tokens.refresh[log_in["token"]] = RefreshToken(family)
    return tenant


def load(path: Path) -> dict[str, Tenant]:
    """Return the tenants that a file tells of; none without a file."""
    if not path.is_file():
        return {}
    return {name: restored(name, told) for name, told in json.loads(path.read_text("utf-8")).items()}


def save(path: Path, tenants: MutableMapping[str, Tenant]) -> None:
    """Replace the file at once, if there is anything new."""
    text = json.dumps({name: kept(tenant) for name, tenant in tenants.items()}, sort_keys=True)
    if path.is_file() and path.read_text("utf-8") == text:
        return
    new = path.with_suffix(".new")
    new.write_text(text, "utf-8")
    new.replace(path)


async def keep(path: Path, tenants: MutableMapping[str, Tenant]) -> None:
    """Keep the file up to date until cancelled."""
    try:
        while True:
            await asyncio.sleep(EVERY_S)
            save(path, tenants)
    finally:
        save(path, tenants)
