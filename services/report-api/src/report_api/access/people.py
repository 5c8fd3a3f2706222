"""What the page and the calls of people do, with the refusals in words (spec section 10)."""

from halosync.domain.acts import Actor
from halosync.domain.roles import Role
from halosync.ports.people import MOST_PEOPLE, LastAdminError, Person, TooManyPeopleError

from report_api.ports import Ports
from report_api.web.problems import Problem, not_found, too_many_requests

NO_PERSON = "There is no such person."

FULL_RETRY_AFTER_S = 3600
"""When to try again what needs a person to make room first."""


async def put_person(ports: Ports, partner_id: str | None, email: str, role: Role, *, by: Actor) -> Person:
    """Give a person a role.

    Raises:
        Problem: 409, the last admin would be none; 429, there are as many people as there may be.
    """
    try:
        return await ports.people.put(partner_id, email, role, by=by)
    except LastAdminError:
        raise _last_admin() from None
    except TooManyPeopleError:
        detail = f"At most {MOST_PEOPLE} people can sign in. Remove somebody who does not need to any more."
        raise too_many_requests(detail, FULL_RETRY_AFTER_S) from None


async def remove_person(ports: Ports, partner_id: str | None, email: str, *, by: Actor) -> None:
    """Let a person sign in no more.

    Raises:
        Problem: 404, there is no such person; 409, it is the last admin.
    """
    try:
        removed = await ports.people.remove(partner_id, email, by=by)
    except LastAdminError:
        raise _last_admin() from None
    if not removed:
        raise not_found(NO_PERSON)


def _last_admin() -> Problem:
    return Problem(
        409,
        "last_admin",
        "This is the last admin, and there is no API key with that role: nobody could add people or keys any more. "
        "Nothing was changed. Make somebody else an admin first.",
    )
