"""People and their roles in Postgres, and the sessions of people."""

import asyncio

import pytest
from halosync.domain.acts import COMMAND_LINE
from halosync.domain.roles import Principal, Role
from halosync.ports.partners import UnknownPartnerError
from halosync.ports.people import MOST_PEOPLE, LastAdminError, TooManyPeopleError
from halosync.store.keys import KeyStore
from halosync.store.partners import PartnerStore
from halosync.store.people import PeopleStore
from halosync.store.pool import Pool
from halosync.store.sessions import MOST_AT_ONCE, SessionStore

pytestmark = pytest.mark.integration

ANNA, BEN = "anna@acme.example", "ben@acme.example"


@pytest.fixture
async def people(pool: Pool) -> PeopleStore:
    for partner in ("acme", "rival"):
        await PartnerStore(pool).add(partner, partner)
    return PeopleStore(pool)


@pytest.fixture
def sessions(pool: Pool) -> SessionStore:
    return SessionStore(pool)


async def signed_in(people: PeopleStore, sessions: SessionStore, email: str = ANNA) -> str:
    return await sessions.open(Principal(email, await people.access(email)))


async def test_a_person_has_a_role_at_each_partner(people: PeopleStore) -> None:
    await people.put("acme", ANNA, Role.ADMIN, by=COMMAND_LINE)
    await people.put("rival", ANNA, Role.VIEWER, by=COMMAND_LINE)
    await people.put(None, BEN, Role.BILLER, by=COMMAND_LINE)
    assert await people.access(ANNA) == {"acme": Role.ADMIN, "rival": Role.VIEWER}
    assert await people.access(BEN) == {None: Role.BILLER}
    assert await people.access("nobody@acme.example") == {}
    assert [person.email for person in await people.page("acme")] == [ANNA]
    assert [person.email for person in await people.page(None)] == [BEN]
    assert await people.get("acme", BEN) is None
    with pytest.raises(UnknownPartnerError, match="nobody"):
        await people.put("nobody", ANNA, Role.ADMIN, by=COMMAND_LINE)


async def test_the_list_goes_on_behind_an_address(people: PeopleStore) -> None:
    for name in ("c", "a", "b"):
        await people.put("acme", f"{name}@acme.example", Role.VIEWER, by=COMMAND_LINE)
    first = await people.page("acme", most=2)
    assert [person.email[0] for person in first] == ["a", "b"]
    assert [person.email[0] for person in await people.page("acme", after=first[-1].email, most=2)] == ["c"]


@pytest.mark.parametrize("partner", ["acme", None])
async def test_the_last_admin_stays_unless_a_key_could_let_people_in(
    people: PeopleStore, pool: Pool, partner: str | None
) -> None:
    keys = KeyStore(pool)
    await keys.create(partner, "for reports", role=Role.BILLER, by=COMMAND_LINE)
    await people.put(partner, ANNA, Role.ADMIN, by=COMMAND_LINE)
    await people.put(partner, BEN, Role.BILLER, by=COMMAND_LINE)
    with pytest.raises(LastAdminError):
        await people.remove(partner, ANNA, by=COMMAND_LINE)
    with pytest.raises(LastAdminError):
        await people.put(partner, ANNA, Role.VIEWER, by=COMMAND_LINE)
    assert await people.access(ANNA) == {partner: Role.ADMIN}
    await keys.create(partner, "portal", by=COMMAND_LINE)
    assert await people.remove(partner, ANNA, by=COMMAND_LINE)


async def test_two_admins_who_remove_each_other_at_once_leave_one(people: PeopleStore) -> None:
    for email in (ANNA, BEN):
        await people.put("acme", email, Role.ADMIN, by=COMMAND_LINE)
    removed = await asyncio.gather(
        *(people.remove("acme", email, by=COMMAND_LINE) for email in (ANNA, BEN)), return_exceptions=True
    )
    assert sorted(map(str, removed)) in ([ANNA, "True"], [BEN, "True"]) or sorted(map(str, removed)) == ["True", BEN]
    assert len(await people.page("acme")) == 1


async def test_of_many_people_added_at_once_none_is_too_many(people: PeopleStore, pool: Pool) -> None:
    await pool.execute(
        "INSERT INTO person SELECT 'p' || n || '@acme.example', 'acme', 'viewer' FROM generate_series(1, $1) n",
        MOST_PEOPLE - 2,
    )
    made = await asyncio.gather(
        *(people.put("acme", f"new{n}@acme.example", Role.VIEWER, by=COMMAND_LINE) for n in range(6)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, TooManyPeopleError) for one in made) == 4
    assert len(await people.page("acme", most=1000)) == MOST_PEOPLE
    await people.put("acme", "p1@acme.example", Role.ADMIN, by=COMMAND_LINE)  # no one more


async def test_a_session_may_do_what_the_person_may_now(people: PeopleStore, sessions: SessionStore) -> None:
    await people.put("acme", BEN, Role.ADMIN, by=COMMAND_LINE)
    await people.put("acme", ANNA, Role.ADMIN, by=COMMAND_LINE)
    token = await signed_in(people, sessions)
    session = await sessions.find(token)
    assert session is not None
    assert (session.acts_for, session.principal) == ("acme", Principal(ANNA, {"acme": Role.ADMIN}))
    await people.put("acme", ANNA, Role.VIEWER, by=COMMAND_LINE)
    session = await sessions.find(token)
    assert session is not None
    assert session.principal.role_at("acme") is Role.VIEWER
    assert await sessions.is_open(token, "acme")
    await people.remove("acme", ANNA, by=COMMAND_LINE)
    assert await sessions.find(token) is None
    assert not await sessions.is_open(token, "acme")


async def test_a_session_ends_at_the_partner_that_the_person_was_removed_from(
    people: PeopleStore, sessions: SessionStore
) -> None:
    for partner in ("acme", "rival"):
        await people.put(partner, BEN, Role.ADMIN, by=COMMAND_LINE)
        await people.put(partner, ANNA, Role.BILLER, by=COMMAND_LINE)
    token = await signed_in(people, sessions)
    session = await sessions.find(token)
    assert session is not None
    assert session.acts_for is None, "of two partners none is picked"
    await sessions.act_for(token, session, "acme")
    assert await sessions.is_open(token, "acme")
    await people.remove("acme", ANNA, by=COMMAND_LINE)
    session = await sessions.find(token)
    assert session is not None
    assert (session.acts_for, session.principal.access) == (None, {"rival": Role.BILLER})
    assert not await sessions.is_open(token, "acme")


async def test_an_operator_who_is_removed_sees_no_partner_any_more(people: PeopleStore, sessions: SessionStore) -> None:
    await people.put(None, BEN, Role.ADMIN, by=COMMAND_LINE)
    await people.put(None, ANNA, Role.VIEWER, by=COMMAND_LINE)
    token = await signed_in(people, sessions)
    session = await sessions.find(token)
    assert session is not None
    assert session.actor.is_operator
    await sessions.act_for(token, session, "rival")
    assert await sessions.is_open(token, "rival")
    await people.remove(None, ANNA, by=COMMAND_LINE)
    assert await sessions.find(token) is None


async def test_nobody_fills_the_table_of_sessions(people: PeopleStore, sessions: SessionStore, pool: Pool) -> None:
    await people.put("acme", BEN, Role.VIEWER, by=COMMAND_LINE)
    await people.put("acme", ANNA, Role.VIEWER, by=COMMAND_LINE)
    others = await signed_in(people, sessions, BEN)
    tokens = [await signed_in(people, sessions) for _ in range(MOST_AT_ONCE + 2)]
    assert await pool.fetchval("SELECT count(*) FROM portal_session WHERE email = $1", ANNA) == MOST_AT_ONCE
    assert [await sessions.find(token) is None for token in (*tokens[:3], tokens[-1], others)] == [
        *(True, True, False),
        *(False, False),
    ]
