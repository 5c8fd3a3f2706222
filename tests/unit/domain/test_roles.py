"""Roles of API keys and people (spec section 10)."""

from uuid import UUID

import pytest
from halosync.domain.roles import Principal, Role

KEY = UUID(int=7)


def test_each_role_may_what_the_one_before_may_and_more() -> None:
    allowed = {role: {needed for needed in Role if role.may(needed)} for role in Role}
    assert allowed == {
        Role.VIEWER: {Role.VIEWER},
        Role.BILLER: {Role.VIEWER, Role.BILLER},
        Role.ADMIN: {Role.VIEWER, Role.BILLER, Role.ADMIN},
    }


@pytest.mark.parametrize(
    ("access", "acme", "rival", "operator"),
    [
        ({}, None, None, None),
        ({"acme": Role.BILLER}, Role.BILLER, None, None),
        ({"acme": Role.ADMIN, "rival": Role.VIEWER}, Role.ADMIN, Role.VIEWER, None),
        ({None: Role.VIEWER}, Role.VIEWER, Role.VIEWER, Role.VIEWER),
        ({None: Role.VIEWER, "acme": Role.ADMIN}, Role.ADMIN, Role.VIEWER, Role.VIEWER),
        ({None: Role.ADMIN, "acme": Role.VIEWER}, Role.ADMIN, Role.ADMIN, Role.ADMIN),
    ],
)
def test_the_role_at_a_partner_is_the_higher_of_its_own_and_the_operators(
    access: dict[str | None, Role], acme: Role | None, rival: Role | None, operator: Role | None
) -> None:
    principal = Principal("anna@acme.example", access)
    assert (principal.role_at("acme"), principal.role_at("rival"), principal.role_at(None)) == (acme, rival, operator)
    assert principal.is_operator == (None in access)


def test_the_audit_log_names_the_person_or_the_key() -> None:
    person = Principal("anna@acme.example", {"acme": Role.VIEWER}).actor
    assert (person.name, person.key_id, person.is_operator) == ("anna@acme.example", None, False)
    key = Principal("portal", {None: Role.ADMIN}, KEY).actor
    assert (key.name, key.key_id, key.is_operator) == ("portal", KEY, True)
    assert Principal("", {"acme": Role.ADMIN}, KEY).actor.name == str(KEY)


def test_a_key_that_is_called_like_a_person_is_somebody_else() -> None:
    name = "anna@acme.example"
    owners = {Principal(name, {}).owner, Principal(name, {}, KEY).owner, Principal(name, {}, UUID(int=8)).owner}
    assert len(owners) == 3
