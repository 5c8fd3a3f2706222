"""Connecting somebody else's Halo, as an attacker tries it: nothing is exchanged (spec section 10)."""

import asyncio
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from halosync.contracts.connection import RequestedBy
from halosync.domain.tenant import HaloHosts
from halosync.ports.requests import Refusal
from halosync.store.halo_aliases import HaloAliases

from tests.integration.auth.conftest import KEY, PARTNER

if TYPE_CHECKING:
    from tests.integration.auth.conftest import World
from .begin_connection import begin, refused

RIVAL = "rival-msp"
THEIRS = RequestedBy(name="Rival's program", key_id=UUID(int=2))
SESSION, OTHER_SESSION = "ab" * 32, "cd" * 32


async def add_rival(world: "World") -> None:
    await world.pool.execute("INSERT INTO partner (partner_id, name) VALUES ($1, 'Rival')", RIVAL)


@pytest.mark.parametrize(
    ("who", "code"),
    [
        ({"partner_id": RIVAL, "session": SESSION}, "other_partner"),
        ({"partner_id": None, "session": SESSION}, "other_partner"),  # an operator who has picked nobody
        ({"partner_id": None, "session": None, "requested_by": None}, "other_partner"),  # a browser without a session
        ({"session": OTHER_SESSION}, "other_session"),
        ({"session": OTHER_SESSION, "confirmed": True}, "other_session"),
        ({"session": None, "confirmed": True}, "other_session"),
        ({"session": None}, "other_session"),  # the partner's key: it did not begin it
    ],
)
async def test_what_a_browser_session_began_only_that_session_completes(
    world: "World", who: dict[str, object], code: str
) -> None:
    begun = await world.auth.service.begin(begin(session=SESSION, requested_by=KEY))
    assert await refused(world, await world.follow(begun.authorize_url, **who)) == code
    begun = await world.auth.service.begin(begin(session=SESSION, requested_by=KEY))
    completed = await world.auth.service.complete(await world.follow(begun.authorize_url, session=SESSION))
    assert completed.partner_id == PARTNER


@pytest.mark.parametrize(
    ("who", "code"),
    [
        ({"partner_id": RIVAL, "requested_by": THEIRS}, "other_partner"),
        ({"partner_id": RIVAL, "requested_by": THEIRS, "session": SESSION, "confirmed": True}, "other_partner"),
        ({"partner_id": None, "requested_by": None}, "other_partner"),
        ({"requested_by": None}, "other_session"),
        ({"requested_by": THEIRS}, "other_session"),
        ({"session": SESSION}, "other_session"),  # signed in with that very key, but not asked
    ],
)
async def test_what_a_key_began_is_completed_by_that_key_or_by_a_person_who_agreed(
    world: "World", who: dict[str, object], code: str
) -> None:
    begun = await world.auth.service.begin(begin(requested_by=KEY))
    assert await refused(world, await world.follow(begun.authorize_url, **who)) == code
    begun = await world.auth.service.begin(begin(requested_by=KEY))
    person = {"session": SESSION, "requested_by": THEIRS, "confirmed": True}
    completed = await world.auth.service.complete(await world.follow(begun.authorize_url, **person))
    assert completed.partner_id == PARTNER


@pytest.mark.parametrize(
    "issuer",
    [
        "https://evil.example",
        "{url}.evil.example",
        "{url}/../other",
        "{host}/other/auth",
        "{url}?x",
        "",
        "https://[",
        "x",
    ],
)
async def test_a_log_in_that_comes_from_elsewhere_is_refused(world: "World", issuer: str) -> None:
    begun = await world.auth.service.begin(begin(requested_by=KEY))
    url = world.sandbox.url_template.replace("{tenant}", "acme")
    named = issuer.replace("{url}", url).replace("{host}", url.removesuffix("/acme"))
    assert await refused(world, await world.follow(begun.authorize_url, iss=named)) == "wrong_issuer"


@pytest.mark.parametrize("issuer", ["{url}", "{url}/", "{url}/auth", "{url}/auth/"])
async def test_the_tenants_own_issuer_is_believed(world: "World", issuer: str) -> None:
    begun = await world.auth.service.begin(begin(requested_by=KEY))
    named = issuer.replace("{url}", world.sandbox.url_template.replace("{tenant}", "acme"))
    assert await world.auth.service.complete(await world.follow(begun.authorize_url, iss=named))


async def test_a_tenant_of_another_partner_is_refused_when_it_is_begun_and_when_it_comes_back(world: "World") -> None:
    await add_rival(world)
    early = await world.auth.service.begin(begin(RIVAL, requested_by=THEIRS))
    await world.connect()
    theirs = {"partner_id": RIVAL, "requested_by": THEIRS}
    before = await world.token_requests()
    with pytest.raises(Refusal) as late:
        await world.auth.service.complete(await world.follow(early.authorize_url, **theirs))
    assert late.value.answer.code == "tenant_taken"
    assert await world.token_requests() == before, "nothing was exchanged"
    with pytest.raises(Refusal) as begun:
        await world.auth.service.begin(begin(RIVAL, tenant="ACME.halopsa.com", requested_by=THEIRS))
    assert begun.value.answer.code == "tenant_taken"
    assert (await world.auth.store.view(RIVAL)).state == "disconnected"
    await world.connect()  # its own partner connects it again as often as it likes
    await world.pool.execute("UPDATE partner SET allow_shared_tenant = true WHERE partner_id = $1", RIVAL)
    shared = await world.auth.service.begin(begin(RIVAL, requested_by=THEIRS))
    assert await world.auth.service.complete(await world.follow(shared.authorize_url, **theirs))


HOSTS = HaloHosts(
    "https://{tenant}.halopsa.com",
    custom_hosts=("*",),
    same_as=(("psa.known.example", "acme"), ("known.example", "acme")),
)
"""The operator allows every domain, and says of two which Halo they are."""


@pytest.mark.parametrize(
    ("ours", "theirs", "taken"),
    [
        (("acme", None), ("acme", None), True),
        (("acme", "one"), ("acme", "two"), True),
        (("psa.acme.example", None), ("psa.acme.example", None), True),
        # Of a domain that an operator allowed the host is what it is, whatever the two call it.
        (("psa.acme.example", "one"), ("psa.acme.example", "two"), True),
        (("psa.acme.example", "acme"), ("psa.acme.example", None), True),
        # A second name that says itself whose Halo it is.
        (("acme", None), ("psa.acme.example", "ACME"), True),
        (("acme", None), ("psa.acme.example", "acme.halopsa.com"), True),
        (("acme.haloitsm.com", None), ("psa.acme.example", "acme.haloitsm.com"), True),
        (("psa.one.example", "acme"), ("psa.two.example", "acme2"), False),
        (("acme", None), ("other", None), False),
        # Whoever says of a Halo that it is the victim's keeps the victim from nothing.
        (("mine", "victim"), ("victim", None), False),
        (("mine.haloitsm.com", "victim"), ("victim", None), False),
        (("psa.mine.example", "victim"), ("victim", None), False),
        (("psa.mine.example", "victim"), ("psa.victim.example", "victim"), False),
        (("psa.mine.example", "psa.victim.example"), ("psa.victim.example", None), False),
        (("victim", None), ("mine", "victim"), False),
        # The operator's word counts both ways, and no word of a partner's against it.
        (("psa.known.example", None), ("acme", None), True),
        (("psa.known.example", "nobody"), ("acme", None), True),
        (("acme", None), ("psa.known.example", "nobody"), True),
        (("known.example", "one"), ("psa.known.example", "two"), True),
        (("psa.known.example", None), ("other", "acme"), False),
    ],
)
async def test_one_halo_under_two_names_is_one_tenant(
    world: "World", ours: tuple[str, str | None], theirs: tuple[str, str | None], taken: bool
) -> None:
    await add_rival(world)
    await world.pool.execute(
        "INSERT INTO connection (partner_id, state, tenant, halo_tenant) VALUES ($1, 'connected', $2, $3)",
        PARTNER,
        *ours,
    )
    tenant, halo_tenant = theirs
    await HaloAliases(world.auth_pool).keep(HOSTS.same_as)
    service = world.auth.allowing(HOSTS)
    refused = None
    try:
        await service.begin(begin(RIVAL, tenant=tenant, halo_tenant=halo_tenant, requested_by=THEIRS))
    except Refusal as refusal:
        refused = refusal.answer.code
    assert refused == ("tenant_taken" if taken else None)


async def test_two_partners_that_connect_one_tenant_at_once_are_never_both_connected(world: "World") -> None:
    await add_rival(world)
    log_ins = []
    for partner_id, by in ((PARTNER, KEY), (RIVAL, THEIRS)):
        begun = await world.auth.service.begin(begin(partner_id, requested_by=by))
        log_ins.append(await world.follow(begun.authorize_url, partner_id=partner_id, requested_by=by))
    # Both have passed the first check when Halo answers.
    await world.sandbox.admin.add_fault("acme", match={"path": "token"}, times=2, delay_s=0.3)
    results = await asyncio.gather(
        *(replica.service.complete(one) for replica, one in zip((world.auth, world.other), log_ins, strict=True)),
        return_exceptions=True,
    )
    codes = [result.answer.code for result in results if isinstance(result, Refusal)]
    assert codes == ["tenant_taken"], results
    assert await world.events() == ["connection.established.v1"]
    assert await world.pool.fetchval("SELECT count(*) FROM oauth_token") == 1
