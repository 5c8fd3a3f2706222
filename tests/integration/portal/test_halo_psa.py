"""Accounts > Halo PSA: connecting, testing and disconnecting, and what is said when Halo refuses."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from halosync.contracts.connection import (
    BeginConnection,
    ConnectionBegun,
    ConnectionTested,
    EndConnection,
    HaloFinding,
    RequestRefused,
)

if TYPE_CHECKING:
    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser

ACME = "acme-msp"
HERE = f"/portal/{ACME}/halo-psa"
AUTHORIZE = "https://acme.halopsa.com/auth/authorize?client_id=c&state=s"


async def test_who_is_not_connected_sees_what_to_enter_in_halo(browser: "Browser") -> None:
    page = await browser.sign_in()
    assert "Not connected" in page.text
    values = page.texts(".copyable code")
    assert values == [
        "converge",
        "https://converge.example/accounts/",
        "read:customers",
        "read:softwarelicensing",
        "edit:softwarelicensing",
    ]
    assert [button["data-copy"] for button in page.soup.select("[data-copy]")] == values
    assert "Authorisation Code (Native Application)" in page.text
    order = ["Login Type Agent", "Client Secret Leave it empty", "read:customers", "Choose Save", "copy the Client ID"]
    assert sorted(order, key=page.text.index) == order, "the order that works: the id may change at the first save"


@pytest.mark.parametrize("shown", ["invalid_client", "redirect", "invalid_scope", "500", "cannot be reached"])
async def test_every_error_page_of_halo_is_explained(browser: "Browser", shown: str) -> None:
    page = await browser.sign_in()
    assert shown in page.one("#connect-title ~ details, section[aria-labelledby=connect-title] > details").get_text()


async def test_the_tabs_appear_when_halo_is_connected(browser: "Browser", world: "World") -> None:
    page = await browser.sign_in()
    assert not {"Month", "Report", "Customers", "License"} & set(page.texts(".tabs a"))
    await world.connect()
    page = await browser.open(HERE)
    assert page.texts("nav[aria-label=Portal] a") == ["Month", "Report", "Customers", "License", "History", "Accounts"]
    assert page.texts("nav[aria-label=Accounts] a")[:2] == ["Halo PSA", "Settings"]
    page = await browser.open("/portal/")
    assert page.one(".tabs [aria-current=page]").get_text() == "Month"
    assert not page.soup.select("nav[aria-label=Accounts]"), "daily work stands apart from administration"


async def test_connect_leads_to_halos_log_in(browser: "Browser", world: "World") -> None:
    world.auth.reply = lambda _: ConnectionBegun(authorize_url=AUTHORIZE)
    await browser.sign_in()
    page = await browser.submit(f"{HERE}/connect", tenant=" https://ACME.halopsa.com ", client_id=" client-1 ")
    assert page.response.headers["refresh"] == f"0; url={AUTHORIZE}"
    assert page.one("main a.button")["href"] == AUTHORIZE
    (asked,) = world.auth.asked
    assert isinstance(asked, BeginConnection)
    assert (asked.partner_id, asked.tenant, asked.client_id) == (ACME, "https://ACME.halopsa.com", "client-1")


@pytest.mark.parametrize(
    ("entered", "field", "words"),
    [
        ({"tenant": "", "client_id": "c"}, "tenant", "Enter your tenant"),
        ({"tenant": "a" * 301, "client_id": "c"}, "tenant", "first part"),
        ({"tenant": "acme", "client_id": "c", "halo_tenant": "a b"}, "halo_tenant", "letters"),
        ({"tenant": "acme", "client_id": " "}, "client_id", "Enter the client id"),
        ({"tenant": "acme", "client_id": "x" * 201}, "client_id", "at most 200"),
    ],
)
async def test_what_cannot_be_right_is_said_beside_the_field(
    browser: "Browser", world: "World", entered: dict[str, str], field: str, words: str
) -> None:
    await browser.sign_in()
    page = await browser.submit(f"{HERE}/connect", status=422, **entered)
    assert words in page.one(f"#{field}-error").get_text()
    assert page.one(f"#{field}")["aria-invalid"] == "true"
    assert f"{field}-error" in str(page.one(f"#{field}")["aria-describedby"])
    assert page.one(".notice-bad a")["href"] == f"#{field}"
    for name, value in entered.items():
        assert page.one(f"#{name}")["value"] == value.strip()
    assert not world.auth.asked


async def test_a_tenant_that_auth_refuses_stands_at_its_field(browser: "Browser", world: "World") -> None:
    world.auth.reply = lambda _: RequestRefused(code="invalid_tenant", detail="Enter the name of your Halo.")
    await browser.sign_in()
    page = await browser.submit(f"{HERE}/connect", status=422, tenant="a_b", client_id="c")
    assert "Enter the name of your Halo." in page.one("#tenant-error").get_text()


async def test_a_client_id_that_auth_refuses_stands_at_its_field(browser: "Browser", world: "World") -> None:
    world.auth.reply = lambda _: RequestRefused(code="invalid_client", detail="Halo does not know it.")
    await browser.sign_in()
    page = await browser.submit(f"{HERE}/connect", status=422, tenant="acme", client_id="c")
    assert "Halo does not know it." in page.one("#client_id-error").get_text()


async def test_a_part_that_is_away_is_told_as_a_page(browser: "Browser") -> None:
    await browser.sign_in()
    page = await browser.submit(f"{HERE}/connect", status=503, tenant="acme", client_id="c")
    assert page.title == "Not available at the moment"
    assert page.response.headers["retry-after"] == "5"


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        ("denied", "approve the request in Halo"),
        ("invalid_client", "Compare it with the client id"),
        ("missing_scope", "Switch on the permissions"),
        ("invalid_state", "open for 10 minutes"),
        ("other_partner", "begun for another partner"),
        ("other_session", "not begun here"),
        ("wrong_issuer", "another server"),
        ("tenant_taken", "another partner already"),
        ("unavailable", "in a few minutes"),
        ("never heard of", "log in to Halo again"),
    ],
)
async def test_every_refusal_is_explained_with_what_to_do(browser: "Browser", problem: str, words: str) -> None:
    await browser.sign_in()
    page = await browser.open(f"{HERE}?problem={problem}")
    assert words in page.one(".notice-bad").get_text()


async def test_what_auth_wrote_down_is_more_exact_than_the_code(browser: "Browser", world: "World") -> None:
    await world.pool.execute(
        "INSERT INTO connection (partner_id, problem) VALUES ($1, 'Halo did not grant: edit:softwarelicensing.')", ACME
    )
    await browser.sign_in()
    page = await browser.open(f"{HERE}?problem=missing_scope")
    assert "edit:softwarelicensing" in page.one(".notice-bad").get_text()


@pytest.mark.parametrize("query", ["?connected=1", "?problem=denied", "?problem=<script>", ""])
async def test_a_browser_that_comes_back_from_halo_lands_on_its_page(browser: "Browser", query: str) -> None:
    page = await browser.open(f"/accounts/halo-psa{query}")
    assert page.title == "Halo PSA"
    assert "<script>" not in page.response.text.replace("<script type", "")
    await browser.sign_in()
    page = await browser.open(f"/accounts/halo-psa{query}")
    assert page.url.path == HERE


async def test_it_says_connected_only_if_it_is(browser: "Browser", world: "World") -> None:
    await browser.sign_in()
    assert "Halo is connected" not in (await browser.open(f"{HERE}?connected=1")).text
    await world.connect()
    assert "Halo is connected" in (await browser.open(f"{HERE}?connected=1")).text


async def test_a_connection_shows_its_facts(browser: "Browser", world: "World") -> None:
    await world.connect()
    await world.pool.execute(
        "UPDATE connection SET granted_scopes = '{read:customers,all}', connected_at = '2026-11-02 03:04:05+00'"
    )
    await browser.sign_in()
    facts: dict[str, object] = {
        row.select("dt")[0].get_text(): " ".join(row.select("dd")[0].get_text(" ").split())
        for row in (await browser.open(HERE)).soup.select(".facts > div")
    }
    assert facts == {
        "Tenant": "acme",
        "Connected since": "2 Nov 2026, 03:04 UTC",
        "Client ID": "client-1",
        "Granted permissions": "read:customers all",
    }


async def test_disconnecting_asks_first(browser: "Browser", world: "World") -> None:
    await world.connect()
    await browser.sign_in()
    page = await browser.open(f"{HERE}/disconnect")
    assert page.title == "Disconnect Halo?"
    assert not world.auth.asked
    page = await browser.submit(f"{HERE}/disconnect")
    assert "Halo is disconnected" in page.text
    (asked,) = world.auth.asked
    assert isinstance(asked, EndConnection)
    assert asked.partner_id == ACME


async def test_the_test_tells_what_was_read(browser: "Browser", world: "World") -> None:
    world.auth.reply = lambda _: ConnectionTested(
        partner_id=ACME,
        tenant="acme",
        clients=1203,
        licences=1,
        checked_at=datetime.now(UTC),
        took_ms=310,
        findings=[HaloFinding(fact="authinfo: server for log-ins", found="another host", verdict="new: tell us")],
    )
    await world.connect()
    await browser.sign_in()
    await browser.open(HERE)
    page = await browser.submit(f"{HERE}/test")
    told = "The connection works. Halo shows Converge 1,203 clients and 1 licence; it took 310 ms."
    assert told in page.one(".notice-good").get_text()
    [row] = page.soup.select("tbody tr")
    assert [cell.get_text(strip=True) for cell in row.select("th, td")][:2] == [
        "authinfo: server for log-ins",
        "another host",
    ]
    assert "New: tell us" in row.get_text()
    assert page.one("[data-copy]")["data-copy"] == "authinfo: server for log-ins: another host (new: tell us)\n"
    assert not (await browser.open(HERE)).soup.select(".notice-good")


async def test_a_test_that_fails_says_why(browser: "Browser", world: "World") -> None:
    world.auth.reply = lambda _: RequestRefused(code="halo_unavailable", detail="Halo did not answer.")
    await world.connect()
    await browser.sign_in()
    await browser.open(HERE)
    page = await browser.submit(f"{HERE}/test")
    assert "The test failed. Halo did not answer." in page.one(".notice-bad").get_text()


async def test_a_broken_connection_says_so_on_every_page(browser: "Browser", world: "World") -> None:
    await world.connect()
    await world.pool.execute("UPDATE connection SET state = 'broken', problem = 'It was revoked.'")
    await browser.sign_in()
    page = await browser.open(HERE)
    for tab in [str(link["href"]) for link in page.soup.select(".tabs a")]:
        page = await browser.open(tab)
        assert "The connection to your Halo is broken." in page.one(".notice-bad").get_text()
        assert "It was revoked." in page.one(".notice-bad").get_text()
        assert bool(page.soup.select(f".notice-bad a[href='{HERE}']")) == (tab != HERE)
