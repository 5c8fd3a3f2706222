"""Signing in and out, and the partner that an operator acts for."""

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

if TYPE_CHECKING:
    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser

ACME, RIVAL = "acme-msp", "rival-msp"
PUBLIC_URL = "https://converge.example"
WHO_DID_WHAT = "SELECT act FROM audit_entry WHERE partner_id = $1 ORDER BY audit_id"


async def test_a_partner_signs_in_and_sees_its_own_page(browser: "Browser") -> None:
    page = await browser.sign_in()
    assert page.url.path == f"/portal/{ACME}/halo-psa"
    assert page.title == "Halo PSA"
    assert page.one("[aria-current=page]").get_text() == "Halo PSA"


async def test_signing_in_lands_on_the_month_once_halo_is_connected(browser: "Browser", world: "World") -> None:
    await world.connect()
    assert (await browser.sign_in()).url.path == f"/portal/{ACME}/month"


async def test_a_form_that_was_sent_too_late_leads_back_to_its_page(browser: "Browser", world: "World") -> None:
    here = f"/portal/{ACME}/settings"
    await browser.sign_in()
    await browser.open(here)
    await world.pool.execute("DELETE FROM portal_session")
    for referer, following in ((f"{PUBLIC_URL}{here}", here), ("https://evil.example/portal/x", "/portal/")):
        answer = await browser.client.post(here, data={}, headers={"Referer": referer}, follow_redirects=False)
        assert answer.headers["location"] == f"/sign-in?{urlencode({'next': following, 'ended': '1'})}"


@pytest.mark.parametrize("path", ["/nowhere", f"/portal/{RIVAL}/settings", f"/portal/{ACME}/nowhere"])
async def test_the_page_of_a_problem_keeps_the_navigation_of_the_own_partner(browser: "Browser", path: str) -> None:
    await browser.sign_in()
    page = await browser.open(path, status=404)
    assert page.texts(".tabs a") == ["History", "Accounts"]
    assert RIVAL not in page.response.text.replace(path, "")
    assert not page.soup.select("[aria-current]")


@pytest.mark.parametrize(
    ("key", "words"), [("", "Enter your API key"), ("hs_wrong", "unknown or was revoked"), ("\0", "unknown")]
)
async def test_a_key_that_does_not_fit_is_explained(browser: "Browser", key: str, words: str) -> None:
    await browser.open("/sign-in")
    page = await browser.submit("/sign-in", status=422, api_key=key)
    assert words in page.text
    assert page.one("input[name=api_key]").get("aria-invalid") == "true"
    assert "value" not in page.one("input[name=api_key]").attrs or page.one("input[name=api_key]")["value"] == ""


async def test_a_page_leads_to_the_sign_in_and_back(browser: "Browser") -> None:
    page = await browser.open(f"/portal/{ACME}/halo-psa?connected=1")
    assert page.title == "Sign in"
    page = await browser.submit("/sign-in", api_key=browser.world.keys[ACME])
    assert str(page.url).endswith(f"/portal/{ACME}/halo-psa?connected=1")


async def test_signing_out_ends_the_session(browser: "Browser", world: "World") -> None:
    await browser.sign_in()
    cookies = dict(browser.client.cookies)
    assert (await browser.submit("/sign-out")).title == "Sign in"
    browser.client.cookies.update(cookies)  # a stolen cookie is of no use afterwards
    assert (await browser.open(f"/portal/{ACME}/halo-psa")).title == "Sign in"
    acts = [row["act"] for row in await world.pool.fetch(WHO_DID_WHAT, ACME)]
    assert acts[-2:] == ["session.signed_in", "session.signed_out"]


@pytest.mark.parametrize(
    "end",
    [
        "UPDATE api_key SET revoked_at = now()",
        "UPDATE portal_session SET expires_at = now() - interval '1 second'",
        "UPDATE portal_session SET last_seen_at = now() - interval '2 hours 1 second'",
    ],
    ids=["key revoked", "expired", "unused"],
)
async def test_a_session_ends(browser: "Browser", world: "World", end: str) -> None:
    await browser.sign_in()
    await world.pool.execute(end)
    assert (await browser.open(f"/portal/{ACME}/halo-psa")).title == "Sign in"


async def test_a_session_in_use_goes_on(browser: "Browser", world: "World") -> None:
    await browser.sign_in()
    await world.pool.execute("UPDATE portal_session SET last_seen_at = now() - interval '119 minutes'")
    await browser.open(f"/portal/{ACME}/halo-psa")
    assert await world.pool.fetchval("SELECT now() - last_seen_at < interval '1 minute' FROM portal_session")


async def test_a_script_that_looks_for_news_does_not_keep_a_session_alive(browser: "Browser", world: "World") -> None:
    await browser.sign_in()
    await world.pool.execute("UPDATE portal_session SET last_seen_at = now() - interval '119 minutes'")
    answer = await browser.client.get(f"/portal/{ACME}/halo-psa", headers={"Sec-Fetch-Mode": "cors"})
    assert answer.status_code == 200
    assert await world.pool.fetchval("SELECT now() - last_seen_at > interval '118 minutes' FROM portal_session")


async def test_a_notice_that_an_error_page_has_shown_is_not_shown_again(browser: "Browser", world: "World") -> None:
    await browser.sign_in()
    await world.pool.execute("""UPDATE portal_session SET notices = '[{"kind": "good", "text": "Saved."}]'""")
    page = await browser.open(f"/portal/{RIVAL}/halo-psa", status=404)
    assert "Saved." in page.text
    assert "Saved." not in (await browser.open(f"/portal/{ACME}/halo-psa")).text


async def test_a_partner_sees_no_other_partner(browser: "Browser") -> None:
    await browser.sign_in()
    for path in (f"/portal/{RIVAL}/halo-psa", "/portal/nobody/halo-psa", "/partners"):
        assert (await browser.open(path, status=404)).title == "There is nothing here"


async def test_an_operator_picks_a_partner_and_the_audit_log_says_so(browser: "Browser", world: "World") -> None:
    page = await browser.sign_in(None)
    assert page.title == "Partners"
    page = await browser.submit("/partners", partner=RIVAL)
    assert page.url.path == f"/portal/{RIVAL}/halo-psa"
    assert f"You act for {RIVAL}" in page.text
    assert f"You act for {RIVAL}" not in (await browser.open(f"/portal/{RIVAL}/halo-psa")).text
    entry = await world.pool.fetchrow("SELECT * FROM audit_entry WHERE partner_id = $1 ORDER BY audit_id DESC", RIVAL)
    assert entry is not None
    assert (entry["act"], entry["is_operator"], entry["actor"]) == ("operator.acts_for", True, "key of None")


async def test_going_on_for_the_same_partner_is_no_act(browser: "Browser", world: "World") -> None:
    await browser.sign_in(None)
    for _ in range(2):
        await browser.open("/partners")
        await browser.submit("/partners", partner=ACME)
    acts = [row["act"] for row in await world.pool.fetch(WHO_DID_WHAT, ACME)]
    assert acts.count("operator.acts_for") == 1


async def test_an_operator_is_asked_before_another_partners_page(browser: "Browser") -> None:
    await browser.sign_in(None)
    await browser.submit("/partners", partner=RIVAL)
    page = await browser.open(f"/portal/{ACME}/halo-psa")
    assert page.title == f"Act for {ACME}?"
    page = await browser.submit("/partners", partner=ACME)
    assert page.url.path == f"/portal/{ACME}/halo-psa"


async def test_a_form_of_a_partner_nobody_acts_for_any_more_does_nothing(browser: "Browser", world: "World") -> None:
    await browser.sign_in(None)
    await browser.submit("/partners", partner=ACME)
    await world.connect()
    stale = await browser.open(f"/portal/{ACME}/halo-psa/disconnect")
    await browser.open("/partners")
    await browser.submit("/partners", partner=RIVAL)
    browser.page = stale
    page = await browser.submit(f"/portal/{ACME}/halo-psa/disconnect", status=409)
    assert "another partner" in page.text
    assert world.auth.asked == []
