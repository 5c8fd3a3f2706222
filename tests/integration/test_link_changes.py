"""Many links in one transaction on real Postgres."""

import asyncio

import pytest
import pytest_asyncio
from halosync.domain.acts import Actor
from halosync.domain.client_fingerprints import client_fingerprint
from halosync.domain.plan import CustomerLink
from halosync.ports.links import Changed, LinkChange, ProductLink, WhyRefused
from halosync.store.audit import AuditStore
from halosync.store.links import CustomerLinks, ProductLinks
from halosync.store.partners import PartnerStore
from halosync.store.pool import Pool

pytestmark = pytest.mark.integration

ACME, NONE = "acme-msp", CustomerLink()
BY = Actor("Jo")


@pytest_asyncio.fixture(loop_scope="session")
async def store(pool: Pool) -> CustomerLinks:
    await PartnerStore(pool).add(ACME, "Acme")
    await pool.execute("INSERT INTO halo_snapshot VALUES ($1, 'acme', now())", ACME)
    await pool.executemany(
        "INSERT INTO halo_client VALUES ($1, $2, 'Client', false)", [(ACME, n) for n in range(1, 10)]
    )
    return CustomerLinks(pool)


@pytest_asyncio.fixture(loop_scope="session")
async def products(store: CustomerLinks, pool: Pool) -> ProductLinks:
    del store  # it has made the partner
    return ProductLinks(pool)


async def change(
    store: CustomerLinks, changes: list[LinkChange[CustomerLink]], *, together: bool = True
) -> Changed[CustomerLink]:
    return await store.change(ACME, changes, by=BY, names={"C-1": "Contoso"}, together=together)


async def link(store: CustomerLinks, customer_id: str, after: CustomerLink) -> None:
    assert (await change(store, [LinkChange(customer_id, NONE, after)])).made


async def change_products(
    products: ProductLinks, changes: list[LinkChange[ProductLink]], *, together: bool = True
) -> Changed[ProductLink]:
    return await products.change(ACME, changes, by=BY, names={}, together=together)


async def links(store: CustomerLinks) -> dict[str, CustomerLink]:
    return dict((await store.picture(ACME)).links)


async def test_links_are_stored_replaced_and_dropped(store: CustomerLinks) -> None:
    first = [
        LinkChange("C-1", NONE, CustomerLink(1)),
        LinkChange("C-2", NONE, CustomerLink(2, excluded=True)),
        LinkChange("C-3", NONE, CustomerLink(None, excluded=True)),
    ]
    changed = await change(store, first)
    assert (list(changed.made), list(changed.refused)) == (first, [])
    second = [
        LinkChange("C-1", CustomerLink(1), NONE),
        LinkChange("C-2", CustomerLink(2, excluded=True), CustomerLink(3)),
    ]
    await change(store, second)
    assert await links(store) == {"C-2": CustomerLink(3), "C-3": CustomerLink(None, excluded=True)}
    assert (await change(store, [])).made == []


@pytest.mark.parametrize("together", [True, False])
async def test_one_refusal_keeps_back_all_or_only_itself(store: CustomerLinks, together: bool) -> None:
    await link(store, "C-2", CustomerLink(2))
    good = LinkChange("C-1", NONE, CustomerLink(1))
    late = LinkChange("C-2", NONE, CustomerLink(3))
    gone = LinkChange("C-3", NONE, CustomerLink(99))
    changed = await change(store, [good, late, gone], together=together)
    assert list(changed.made) == ([] if together else [good])
    assert {each.change.key: each.why for each in changed.refused} == {
        "C-2": WhyRefused.CHANGED_MEANWHILE,
        "C-3": WhyRefused.NOT_IN_HALO,
    }
    assert await links(store) == {"C-2": CustomerLink(2)} | ({} if together else {"C-1": CustomerLink(1)})


async def test_a_link_to_a_client_that_is_gone_can_be_excluded_and_ended(store: CustomerLinks, pool: Pool) -> None:
    await link(store, "C-1", CustomerLink(1))
    await pool.execute("DELETE FROM halo_client WHERE halo_client_id = 1")
    excluded = CustomerLink(1, excluded=True)
    assert (await change(store, [LinkChange("C-1", CustomerLink(1), excluded)])).made
    assert (await change(store, [LinkChange("C-1", excluded, NONE)])).made
    assert await links(store) == {}


async def test_a_read_of_another_tenant_has_no_clients(store: CustomerLinks, pool: Pool) -> None:
    await pool.execute("INSERT INTO connection (partner_id, state, tenant) VALUES ($1, 'connected', 'other')", ACME)
    changed = await change(store, [LinkChange("C-1", NONE, CustomerLink(1))])
    assert [each.why for each in changed.refused] == [WhyRefused.NOT_IN_HALO]


@pytest.mark.parametrize(
    ("fingerprint", "why"),
    [
        (None, []),
        (client_fingerprint("acme", 1, "Client"), []),
        (client_fingerprint("acme", 1, "Client 1"), [WhyRefused.ANOTHER_CLIENT]),
        (client_fingerprint("other", 1, "Client"), [WhyRefused.ANOTHER_CLIENT]),
    ],
)
async def test_a_client_that_is_not_the_one_shown_is_refused(
    store: CustomerLinks, fingerprint: str | None, why: list[WhyRefused]
) -> None:
    changed = await change(store, [LinkChange("C-1", NONE, CustomerLink(1), fingerprint)])
    assert [each.why for each in changed.refused] == why


async def test_of_two_who_decide_at_once_one_is_refused(store: CustomerLinks) -> None:
    decided = await asyncio.gather(
        *(change(store, [LinkChange("C-1", NONE, CustomerLink(number))], together=False) for number in range(1, 6))
    )
    made = [changed.made[0].after for changed in decided if changed.made]
    assert len(made) == 1
    assert await links(store) == {"C-1": made[0]}


async def test_products(products: ProductLinks) -> None:
    first = [LinkChange("P-1", None, "One"), LinkChange("P-2", None, "Two")]
    assert list((await change_products(products, first)).made) == first
    second: list[LinkChange[ProductLink]] = [
        LinkChange("P-1", "One", None),
        LinkChange("P-2", "not this", "x"),
        LinkChange("P-3", None, "3"),
    ]
    assert list((await change_products(products, second)).made) == []
    changed = await change_products(products, second, together=False)
    assert [each.change.key for each in changed.refused] == ["P-2"]
    assert dict((await products.picture(ACME)).links) == {"P-2": "Two", "P-3": "3"}


async def test_the_audit_log_has_what_was_done_and_nothing_else(
    store: CustomerLinks, products: ProductLinks, pool: Pool
) -> None:
    await change(store, [LinkChange("C-1", NONE, CustomerLink(1)), LinkChange("C-2", NONE, NONE)])
    await change(store, [LinkChange("C-1", CustomerLink(1), CustomerLink(1, excluded=True))])
    await change(store, [LinkChange("C-1", NONE, CustomerLink(2)), LinkChange("C-3", NONE, CustomerLink(3))])
    await change_products(products, [LinkChange("P-1", None, "One")])
    entries = await AuditStore(pool).page(ACME)
    assert [(entry.actor.name, entry.sentence) for entry in reversed(entries)] == [
        ("Jo", 'Linked customer "Contoso" (C-1) to client "Client" (#1).'),
        ("Jo", 'Excluded customer "Contoso" (C-1): nothing of it is synchronised.'),
        ("Jo", 'Linked product P-1 to the licence name "One".'),
    ]
