"""`halosync person`: who may sign in by OpenID Connect."""

import pytest

from .conftest import Run

pytestmark = pytest.mark.integration


async def test_people_are_added_listed_and_removed(command: Run, acme: str) -> None:
    assert "person add EMAIL --partner acme" in (await command("person", "list", "--partner", acme)).stdout
    added = await command("person", "add", " Anna@Acme.example ", "--partner", acme, "--role", "biller", "--json")
    anna = added.json()
    assert (anna["email"], anna["partner_id"], anna["role"]) == ("anna@acme.example", acme, "biller")
    olga = (await command("person", "add", "olga@converge.example", "--json")).json()
    assert (olga["partner_id"], olga["role"]) == (None, "admin")
    assert (await command("person", "list", "--partner", acme, "--json")).json() == [anna]
    assert (await command("person", "list", "--json")).json() == [olga]
    assert "anna@acme.example" in (await command("person", "list", "--partner", acme)).stdout
    changed = await command("person", "add", "anna@acme.example", "--partner", acme, "--role", "viewer")
    assert "as viewer" in changed.stdout
    removed = await command("person", "remove", "anna@acme.example", "--partner", acme, "--json")
    assert removed.json() == {"email": "anna@acme.example", "partner_id": acme, "removed": True}
    again = await command("person", "remove", "anna@acme.example", "--partner", acme)
    assert (again.exit_code, again.stdout) == (1, "")
    assert f"halosync person list --partner {acme}" in again.stderr


async def test_what_cannot_be_done_is_said(command: Run, acme: str) -> None:
    last = ["anna@acme.example", "--partner", acme]
    assert (await command("person", "add", *last)).exit_code == 0
    for arguments in (["remove", *last], ["add", *last, "--role", "viewer"]):
        refused = await command("person", *arguments)
        assert (refused.exit_code, "last admin" in refused.stderr) == (1, True)
    nobody = await command("person", "add", "anna@acme.example", "--partner", "nobody")
    assert (nobody.exit_code, "halosync partner list" in nobody.stderr) == (1, True)
    assert (await command("person", "list", "--partner", "nobody")).exit_code == 1
    assert (await command("person", "add", "anna")).exit_code == 2


@pytest.mark.parametrize("subcommand", ["add", "list", "remove"])
async def test_the_help_has_an_example(lonely: Run, subcommand: str) -> None:
    assert f"halosync person {subcommand}" in (await lonely("person", subcommand, "--help")).stdout
