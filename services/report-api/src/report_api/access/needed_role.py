"""Which role a page or a call needs (spec section 10): declared at its router, or at the route itself.

A router says what looking needs and what changing needs; `needs` says it for one route. A route that changes something
and has no role declared cannot be made: the application does not start.
"""

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from fastapi.routing import APIRoute
from halosync.domain.roles import Role

from report_api.web.problems import Problem

SAFE = frozenset({"GET", "HEAD"})

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
Route = TypeVar("Route", bound="RoleRoute")


def needs(role: Role) -> Callable[[Endpoint], Endpoint]:
    """Declare the role that one route needs; stands below the route's decorator."""

    def declare(endpoint: Endpoint) -> Endpoint:
        vars(endpoint)["needed_role"] = role
        return endpoint

    return declare


class RoleRoute(APIRoute):
    """A route that asks who may pass. `needed_role` is what the guards compare with."""

    sees: ClassVar[Role] = Role.VIEWER
    changes: ClassVar[Role | None] = None

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        safe = SAFE.issuperset(options.get("methods") or SAFE)
        role: Role | None = getattr(endpoint, "needed_role", self.sees if safe else self.changes)
        if role is None:
            raise TypeError(f"{path}: declare the role that it needs: changes=Role.… of its router, or @needs(Role.…)")
        self.needed_role = role
        told = {"x-needed-role": role.value, **(options.pop("openapi_extra", None) or {})}
        super().__init__(path, endpoint, openapi_extra=told, **options)


def with_roles(route: type[Route], *, sees: Role, changes: Role | None) -> type[Route]:
    """Return the class of the routes of one router."""
    return type(route.__name__, (route,), {"sees": sees, "changes": changes})


def require(role: Role | None, needed: Role) -> None:
    """Let pass who may.

    Raises:
        Problem: 403, with who may.
    """
    if role is None or not role.may(needed):
        yours = "no role here" if role is None else f"the role {role}"
        raise Problem(
            403,
            "forbidden",
            f"This needs the role {needed}; you have {yours}. Nothing was done. Ask an admin of your company, who can "
            "give you another role.",
        )
