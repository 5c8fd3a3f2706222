"""People who may sign in to the portal, and their roles (spec section 10).

A person is known by the e-mail address that the sign-in service vouches for, and may have a role at several partners.
"""

from collections.abc import Mapping

import asyncpg

from halosync.domain.acts import Act, Actor
from halosync.domain.roles import Role
from halosync.ports.partners import UnknownPartnerError
from halosync.ports.people import MOST_PEOPLE, LastAdminError, Person, TooManyPeopleError
from halosync.store.audit import record
from halosync.store.pool import Connection, Pool
from halosync.store.queries import QUERIES


class PeopleStore:
    """The people in Postgres. Addresses are given as `normal_email` makes them.

    Arguments and errors: the Protocol `report_api.stores.access.People`.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def access(self, email: str) -> Mapping[str | None, Role]:
        """Return the role of a person at each partner, and at None as an operator; empty: nobody knows the address."""
        return {row["partner_id"]: Role(row["role"]) async for row in QUERIES.roles_of_person(self._pool, email=email)}

    async def get(self, partner_id: str | None, email: str) -> Person | None:
        """Return a person of a partner, or an operator; None if there is none."""
        return await _found(self._pool, partner_id, email)

    async def page(self, partner_id: str | None, *, after: str | None = None, most: int = MOST_PEOPLE) -> list[Person]:
        """Return the people of a partner, or the operators, by address, at most `most` behind the address `after`."""
        rows = QUERIES.page_of_people(self._pool, partner_id=partner_id, after=after, most=most)
        return [_person(row) async for row in rows]

    async def put(self, partner_id: str | None, email: str, role: Role, *, by: Actor) -> Person:
        """Give a person a role, which counts from the person's next request on."""
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                await QUERIES.one_change_of_people_at_a_time(connection, partner_id=partner_id)
                before = await _found(connection, partner_id, email)
                if before is not None and before.role is role:
                    return before
                if before is not None and before.role is Role.ADMIN:
                    await _require_other_admin(connection, partner_id, email)
                person = _person(await QUERIES.put_person(connection, email=email, partner_id=partner_id, role=role))
                if before is None:
                    if await QUERIES.count_people(connection, partner_id=partner_id) > MOST_PEOPLE:
                        raise TooManyPeopleError(partner_id or "operators")
                    act, detail = Act.PERSON_ADDED, {"role": role}
                else:
                    act, detail = Act.PERSON_CHANGED, {"before": before.role, "after": role}
                await record(connection, by, act, partner_id=partner_id, subject=email, detail=detail)
                return person
        except asyncpg.ForeignKeyViolationError:
            raise UnknownPartnerError(partner_id or "") from None

    async def remove(self, partner_id: str | None, email: str, *, by: Actor) -> bool:
        """Take a person out, which ends their sessions here at once; False if there is none."""
        async with self._pool.acquire() as connection, connection.transaction():
            await QUERIES.one_change_of_people_at_a_time(connection, partner_id=partner_id)
            person = await _found(connection, partner_id, email)
            if person is None:
                return False
            if person.role is Role.ADMIN:
                await _require_other_admin(connection, partner_id, email)
            await QUERIES.remove_person(connection, email=email, partner_id=partner_id)
            detail = {"role": person.role}
            await record(connection, by, Act.PERSON_REMOVED, partner_id=partner_id, subject=email, detail=detail)
            return True


async def _found(connection: "Connection | Pool", partner_id: str | None, email: str) -> Person | None:
    row = await QUERIES.find_person(connection, partner_id=partner_id, email=email)
    return None if row is None else _person(row)


async def _require_other_admin(connection: Connection, partner_id: str | None, email: str) -> None:
    if not await QUERIES.has_other_admin(connection, partner_id=partner_id, email=email):
        raise LastAdminError(email)


def _person(row: asyncpg.Record) -> Person:
    return Person(**{**row, "role": Role(row["role"])})
