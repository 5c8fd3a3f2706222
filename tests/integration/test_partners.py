"""Partners in Postgres."""

import asyncio
from decimal import Decimal

import pytest
from devstack.wait import until
from halosync.contracts.settings import DeleteGuard, PartnerSettings, RateLimit
from halosync.domain.acts import COMMAND_LINE
from halosync.domain.plan import CustomerLink
from halosync.ports.partners import SettingsChangedError, UnknownPartnerError
from halosync.store.links import CustomerLinks
from halosync.store.partners import PartnerStore
from halosync.store.pool import Pool

pytestmark = pytest.mark.integration


@pytest.fixture
def partners(pool: Pool) -> PartnerStore:
    return PartnerStore(pool)


async def test_a_partner_is_added_once_and_renamed_after(partners: PartnerStore) -> None:
    assert await partners.add("acme", "Acme") is True
    assert await partners.add("acme", "Acme Pty Ltd") is False
    assert [(p.partner_id, p.name, p.connection, p.tenant) for p in await partners.list()] == [
        ("acme", "Acme Pty Ltd", "disconnected", None)
    ]


async def test_exists(partners: PartnerStore) -> None:
    await partners.add("acme", "Acme")
    assert await partners.exists("acme")
    assert not await partners.exists("Acme")


async def test_a_new_partner_has_the_defaults_of_the_contract(partners: PartnerStore) -> None:
    await partners.add("acme", "Acme")
    assert await partners.settings("acme") == PartnerSettings()
    assert await partners.settings("nobody") is None


@pytest.mark.parametrize(
    "settings",
    [
        PartnerSettings(
            auto_sync=True,
            removal="zero",
            cleanup="owned",
            price_field="none",
            delete_guard=DeleteGuard(max_count=0, max_fraction=Decimal(0)),
            rate_limit=RateLimit(requests=1, window_s=0.1),
            country="NZ",
            invoice_day=1,
            review_first_sync=True,
            adopt_foreign=True,
            billing_cycles={"Annual": "Yearly"},
            licence_type=1,
            details=False,
            email_notices=False,
        ),
        PartnerSettings(delete_guard=None),
    ],
)
async def test_settings_come_back_as_they_were_saved(partners: PartnerStore, settings: PartnerSettings) -> None:
    await partners.add("acme", "Acme")
    await partners.save_settings("acme", settings, by=COMMAND_LINE)
    assert await partners.settings("acme") == settings


async def test_settings_of_nobody_are_not_saved(partners: PartnerStore) -> None:
    with pytest.raises(UnknownPartnerError, match="nobody"):
        await partners.save_settings("nobody", PartnerSettings(), by=COMMAND_LINE)


async def test_renaming_keeps_the_settings(partners: PartnerStore) -> None:
    await partners.add("acme", "Acme")
    await partners.save_settings("acme", PartnerSettings(auto_sync=True), by=COMMAND_LINE)
    await partners.add("acme", "Other")
    assert await partners.settings("acme") == PartnerSettings(auto_sync=True)


async def test_settings_that_somebody_else_changed_are_not_overwritten_unseen(partners: PartnerStore) -> None:
    await partners.add("acme", "Acme")
    seen = PartnerSettings()
    wanted = [PartnerSettings(invoice_day=day) for day in range(6, 12)]
    saved = await asyncio.gather(
        *(partners.save_settings("acme", one, by=COMMAND_LINE, seen=seen) for one in wanted), return_exceptions=True
    )
    assert sum(isinstance(one, SettingsChangedError) for one in saved) == len(wanted) - 1
    assert await partners.settings("acme") in wanted


async def test_linking_does_not_wait_for_settings_that_wait_for_an_intake(partners: PartnerStore, pool: Pool) -> None:
    await partners.add("acme", "Acme")
    async with pool.acquire() as intake:
        async with intake.transaction():
            await intake.execute("SELECT FROM partner WHERE partner_id = 'acme' FOR NO KEY UPDATE")
            saving = asyncio.create_task(
                partners.save_settings("acme", PartnerSettings(invoice_day=6), by=COMMAND_LINE, seen=PartnerSettings())
            )

            async def waits() -> bool:
                waiting = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = $1)"
                return bool(await pool.fetchval(waiting, await pool.fetchval("SELECT current_database()")))

            await until(waits, what="saving the settings to wait", timeout_s=5)
            excluded = CustomerLink(excluded=True)
            async with asyncio.timeout(5):
                await CustomerLinks(pool).replace("acme", "C-1", excluded, by=COMMAND_LINE)
            assert not saving.done()
        assert "invoice_day" in await saving
