"""Partners and their settings (spec section 3, "Settings of a partner")."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import asyncpg

from halosync.contracts.settings import DeleteGuard, PartnerSettings, RateLimit
from halosync.domain.acts import Act, Actor
from halosync.ports.partners import (
    Partner,
    RemovedPartnerError,
    SettingsChangedError,
    SettingsChanges,
    UnknownPartnerError,
)
from halosync.store.audit import record
from halosync.store.pool import Pool
from halosync.store.queries import QUERIES

_Query = Callable[..., Awaitable[Any]]
_Detail = Mapping[str, Any] | None


class PartnerStore:
    """The partners in Postgres. Arguments and errors: the Protocol `report_api.stores.access.Partners`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def add(self, partner_id: str, name: str) -> bool:
        """Add a partner with the default settings; False if it existed, then only its name is changed.

        Raises:
            RemovedPartnerError: there was one of this id, and it was removed.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            added: bool = await QUERIES.add_partner(connection, partner_id=partner_id, name=name)
            # Asked afterwards: the insert has waited for a removal that was under way.
            if added and await QUERIES.was_removed(connection, partner_id=partner_id, removed=Act.PARTNER_REMOVED):
                raise RemovedPartnerError(partner_id)
        return added

    async def exists(self, partner_id: str) -> bool:
        """Tell whether there is such a partner."""
        return bool(await QUERIES.partner_exists(self._pool, partner_id=partner_id))

    async def must_exist(self, partner_id: str) -> None:
        """Return if there is such a partner.

        Raises:
            UnknownPartnerError: there is none.
        """
        if not await self.exists(partner_id):
            raise UnknownPartnerError(partner_id)

    async def get(self, partner_id: str) -> Partner | None:
        """Return a partner; None if there is no such one."""
        rows = [Partner(**row) async for row in QUERIES.list_partners(self._pool, partner_id=partner_id)]
        return rows[0] if rows else None

    async def list(self) -> Sequence[Partner]:
        """Return every partner, by id."""
        return [Partner(**row) async for row in QUERIES.list_partners(self._pool, partner_id=None)]

    async def allow_shared_tenant(self, partner_id: str, *, allowed: bool = True, by: Actor) -> bool:
        """Let a partner connect a Halo that is connected for another one too, or no longer; False: it was so."""
        return await self._switch(
            partner_id,
            to=allowed,
            read=QUERIES.shared_tenant_to_change,
            save=QUERIES.save_shared_tenant,
            by=by,
            act=Act.SETTINGS_CHANGED,
            detail={"changes": {"allow_shared_tenant": (not allowed, allowed)}},
        )

    async def pause(self, partner_id: str, *, paused: bool = True, by: Actor) -> bool:
        """Let no run of a partner start any more, or again; False: it was so already.

        A run that goes on is not touched. Invoices are taken in as ever; what auto_sync owes starts after the pause.

        Raises:
            UnknownPartnerError: there is no such partner.
        """
        return await self._switch(
            partner_id,
            to=paused,
            read=QUERIES.pause_to_change,
            save=QUERIES.save_pause,
            by=by,
            act=Act.PARTNER_PAUSED if paused else Act.PARTNER_RESUMED,
        )

    async def _switch(
        self, partner_id: str, *, to: bool, read: _Query, save: _Query, by: Actor, act: Act, detail: _Detail = None
    ) -> bool:
        """Set a switch of a partner, read under a lock; False: it stood so already, and no act is recorded."""
        async with self._pool.acquire() as connection, connection.transaction():
            before = await read(connection, partner_id=partner_id)
            if before is None:
                raise UnknownPartnerError(partner_id)
            if before == to:
                return False
            await save(connection, partner_id=partner_id, to=to)
            await record(connection, by, act, partner_id=partner_id, subject=partner_id, detail=detail)
        return True

    async def settings(self, partner_id: str) -> PartnerSettings | None:
        """Return the settings of a partner; None if there is no such partner."""
        row = await QUERIES.partner_settings(self._pool, partner_id=partner_id)
        return None if row is None else _from_columns(row)

    async def save_settings(
        self, partner_id: str, settings: PartnerSettings, *, by: Actor, seen: PartnerSettings | None = None
    ) -> SettingsChanges:
        """Replace all settings of a partner. A run that has planned already keeps those it planned with.

        Arguments and errors: the Protocol in `report_api.stores`.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            row = await QUERIES.partner_settings_to_change(connection, partner_id=partner_id)
            if row is None:
                raise UnknownPartnerError(partner_id)
            stored = _from_columns(row)
            if seen is not None and _changes(stored, seen):
                raise SettingsChangedError(partner_id)
            changes = _changes(stored, settings)
            if changes:
                await QUERIES.save_partner_settings(connection, partner_id=partner_id, **_to_columns(settings))
                detail = {"changes": changes}
                await record(
                    connection, by, Act.SETTINGS_CHANGED, partner_id=partner_id, subject=partner_id, detail=detail
                )
        return changes


def _changes(before: PartnerSettings, after: PartnerSettings) -> SettingsChanges:
    # Compared as values, so that 0.25 and 0.250 are no change; told as JSON.
    old, new = before.model_dump(mode="json"), after.model_dump(mode="json")
    return {
        name: (old[name], new[name])
        for name in PartnerSettings.model_fields
        if getattr(before, name) != getattr(after, name)
    }


def _from_columns(row: asyncpg.Record) -> PartnerSettings:
    """Build settings without judging them anew: a rule that became stricter must not make a partner unreadable."""
    guard, rate = row["guard_max_count"], row["rate_requests"]
    return PartnerSettings.model_construct(
        auto_sync=row["auto_sync"],
        removal=row["removal"],
        cleanup=row["cleanup"],
        price_field=row["price_field"],
        delete_guard=None
        if guard is None
        else DeleteGuard.model_construct(max_count=guard, max_fraction=row["guard_max_fraction"]),
        rate_limit=None
        if rate is None
        else RateLimit.model_construct(requests=rate, window_s=float(row["rate_window_s"])),
        country=row["country"],
        invoice_day=row["invoice_day"],
        review_first_sync=row["review_first_sync"],
        adopt_foreign=row["adopt_foreign"],
        billing_cycles=row["billing_cycles"],
        licence_type=row["licence_type"],
        details=row["details"],
        email_notices=row["email_notices"],
        on_drift=row["on_drift"],
    )


def _to_columns(settings: PartnerSettings) -> dict[str, object]:
    guard, rate = settings.delete_guard, settings.rate_limit
    return {
        **settings.model_dump(exclude={"delete_guard", "rate_limit"}),
        "guard_max_count": guard and guard.max_count,
        "guard_max_fraction": guard and guard.max_fraction,
        "rate_requests": rate and rate.requests,
        "rate_window_s": rate and Decimal(repr(rate.window_s)),
    }
