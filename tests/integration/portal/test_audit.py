"""The page of the audit log."""

from typing import TYPE_CHECKING, Any

import pytest
from devstack.fields import Fields
from halosync.domain.acts import AUTO_SYNC, COMMAND_LINE, HALO, Act, Actor
from halosync.store.audit import record

from tests.integration.portal.conftest import new_browser

if TYPE_CHECKING:
    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser, Page

ACME, RIVAL = "acme-msp", "rival-msp"
HERE = f"/portal/{ACME}/audit"
RUN = "3f2a77c0-0000-4000-8000-000000000000"
STARTED = {"invoice_id": "INV-1", "revision": 1, "retry_of": None}


async def acts(world: "World", by: Actor, act: Act, subject: str, *, detail: Any = None, count: int = 1) -> None:
    async with world.pool.acquire() as connection, connection.transaction():
        for _ in range(count):
            await record(connection, by, act, partner_id=ACME, subject=subject, detail=detail)


def rows_of(page: "Page") -> list[str]:
    """What each row says behind its time."""
    cells = [row.select("td")[1:] for row in page.soup.select("tbody tr")]
    return [" ".join(" ".join(cell.get_text(" ") for cell in row).split()) for row in cells]


async def test_who_did_what_newest_first(browser: "Browser", world: "World") -> None:
    await browser.sign_in()
    await acts(world, AUTO_SYNC, Act.RUN_STARTED, RUN, detail=STARTED)
    await acts(world, HALO, Act.CONNECTION_LOST, "acme")
    await acts(world, COMMAND_LINE, Act.RUN_CANCELLED, RUN)
    await acts(world, Actor("<b>Ada</b>"), Act.CONNECTION_BEGUN, "<script>alert(1)</script>")
    page = await browser.open(HERE)
    assert rows_of(page) == [
        '<b>Ada</b> Began to connect the Halo "<script>alert(1)</script>".',
        f"Command line Operator Cancelled run 3f2a77c0. Open the run {RUN}",
        'Halo The Halo "acme" ended the connection; it has to be connected again.',
        f"Automatic Sync Started Sync 3f2a77c0 of invoice INV-1, revision 1. Open the run {RUN}",
        "key of acme-msp (API key) Signed in to the portal.",
        'Command line Operator Created the API key "key of acme-msp".',
    ]
    assert not page.soup.select("td script, td b:not(.badge)")
    assert [link["href"] for link in page.soup.select("td a")] == [f"/portal/{ACME}/runs/{RUN}"] * 2


async def test_one_kind_of_act(browser: "Browser", world: "World") -> None:
    await browser.sign_in()
    await acts(world, HALO, Act.CONNECTION_LOST, "acme")
    await browser.open(HERE)
    page = await browser.submit(HERE, act="connection.lost")
    assert len(page.soup.select("tbody tr")) == 1
    assert page.one("#act option[selected]").get_text() == "Halo connection lost"
    page = await browser.open(f"{HERE}?act=key.revoked")
    assert "Nothing like that was done" in page.text
    page = await browser.open(f"{HERE}?act=moon.landed")
    assert len(page.soup.select("tbody tr")) == 3


async def test_entries_of_some_days_of_somebody_and_with_a_text(browser: "Browser", world: "World") -> None:
    await browser.sign_in()
    await acts(world, Actor("Ada"), Act.CONNECTION_BEGUN, "acme")
    await acts(world, Actor("Ben"), Act.MONTH_ACCEPTED, "2026-11", detail={"note": "Billed at Søns by hand."})
    await world.pool.execute("UPDATE audit_entry SET at = '2026-11-05T23:59:59Z' WHERE actor = 'Ada'")
    await world.pool.execute("UPDATE audit_entry SET at = '2026-11-06T00:00:00Z' WHERE actor = 'Ben'")
    ada, ben = (
        'Ada Began to connect the Halo "acme".',
        'Ben Accepted a difference of November 2026 as it is. The note: "Billed at Søns by hand."',
    )
    cases: tuple[tuple[Fields, list[str]], ...] = (
        ({"since": "2026-11-05", "until": "2026-11-05"}, [ada]),
        ({"since": "2026-11-06", "until": "2026-11-06"}, [ben]),
        ({"until": "9999-12-31", "q": "SØNS"}, [ben]),
        ({"q": "connection begun"}, [ada]),
        ({"q": "November 2026"}, [ben]),
        ({"actor": "Ben"}, [ben]),
        ({"q": "100%"}, []),
    )
    for fields, found in cases:
        await browser.open(HERE)
        page = await browser.submit(HERE, **fields)
        assert rows_of(page) == found, fields
    # Days are of the zone in which the page's script shows times; without a script both are UTC.
    for days, found in (
        ("since=2026-11-06&until=2026-11-06&zone=Australia/Sydney", [ben, ada]),
        ("until=2026-11-05&zone=America/New_York", [ben, ada]),
        ("since=0001-01-01&until=9999-12-31&zone=Asia/Tokyo&actor=Ben", [ben]),
    ):
        page = await browser.open(f"{HERE}?{days}")
        assert rows_of(page) == found, days
    assert page.texts("label[for=since] span") == ["Asia/Tokyo"]
    page = await browser.open(f"{HERE}?actor=Ben&q=by+hand")
    assert page.one("#actor option[selected]").get_text() == "Ben"
    answer = await browser.client.get(str(page.one("a[download]")["href"]))
    assert answer.text.startswith("\ufeffat,actor,is_operator,act,subject,sentence\r\n2026-11-06 00:00:00,Ben,false,")
    assert len(answer.text.splitlines()) == 2
    answer = await world.call("GET", "/audit", params={"actor": "Ada"}, headers={"Accept": "text/csv"})
    assert len(answer.text.splitlines()) == 2
    assert [each["actor"] for each in (await world.get("/audit", params={"until": "2026-11-05"}))["items"]] == ["Ada"]
    in_sydney = {"since": "2026-11-06", "until": "2026-11-06", "zone": "Australia/Sydney"}
    of_a_day = [each["actor"] for each in (await world.get("/audit", params=in_sydney))["items"]]
    assert of_a_day == ["Ben", "Ada"], "the API has days of a zone as the page has"
    refused = await world.call("GET", "/audit", params={**in_sydney, "zone": "Moon/Base"})
    assert refused.status_code == 422
    assert "Australia/Sydney" in refused.text
    for no_day in ("yesterday", "0", "20261105", "2026-11-05T00:00:00"):
        await browser.open(f"{HERE}?since={no_day}", status=422)
    assert "From ( UTC )" in (await browser.open(f"{HERE}?zone=Moon/Base")).text, "a zone that is not known here"


async def test_pages_lead_to_the_oldest_entry_and_keep_the_filter(browser: "Browser", world: "World") -> None:
    await browser.sign_in()
    await acts(world, HALO, Act.CONNECTION_LOST, "acme", count=120)
    page = await browser.open(f"{HERE}?act=connection.lost")
    seen = len(page.soup.select("tbody tr"))
    assert seen == 50
    while page.soup.select("a[rel=next]"):
        page = await browser.open(str(page.one("a[rel=next]")["href"]))
        seen += len(page.soup.select("tbody tr"))
        assert "act=connection.lost" in str(page.one(".pager a:first-child")["href"])
    assert seen == 120
    assert not (await browser.open(f"{HERE}?after=1")).soup.select("tbody tr")
    await browser.open(f"{HERE}?after=-1", status=422)


async def test_entries_are_sorted_by_time_person_and_act_over_all_pages(browser: "Browser", world: "World") -> None:
    await browser.sign_in()
    await acts(world, Actor("Ben 10"), Act.CONNECTION_BEGUN, "acme", count=30)
    await acts(world, Actor("Ben 9"), Act.CONNECTION_LOST, "acme", count=30)
    await acts(world, Actor("Ada"), Act.CONNECTION_BEGUN, "acme", count=60)

    async def listed(sort: str, column: int) -> list[str]:
        page = await browser.open(f"{HERE}?sort={sort}&q=acme")
        found = page.texts(f"tbody td:nth-child({column})")
        while page.soup.select("a[rel=next]"):
            page = await browser.open(str(page.one("a[rel=next]")["href"]))
            found += page.texts(f"tbody td:nth-child({column})")
        return [each for each in found if "key of" not in each]

    newest = await listed("", 2)
    people = [*["Ada"] * 60, *["Ben 9"] * 30, *["Ben 10"] * 30]
    assert [each for each in newest if each in people] == people
    assert await listed("time", 2) == newest[::-1]
    assert await listed("-time", 2) == newest
    assert [each for each in await listed("person", 2) if each in people] == people
    assert [each for each in await listed("-person", 2) if each in people] == people[::-1]
    done = [each for each in await listed("act", 2) if each in people]
    assert done == [*["Ada"] * 60, *["Ben 10"] * 30, *["Ben 9"] * 30], "begun before lost; of the same act newest first"
    assert [each for each in await listed("-act", 2) if each in people] == [
        *["Ben 9"] * 30,
        *["Ada"] * 60,
        *["Ben 10"] * 30,
    ]
    page = await browser.open(f"{HERE}?sort=act&actor=Ada")
    assert page.one("th[aria-sort=ascending]").get_text().startswith("What")
    assert [link.get_text().strip(" ▲▼") for link in page.soup.select("th a")] == ["When", "Who", "What"]
    file = await browser.client.get(f"{HERE}/entries.csv?sort=-person&q=acme")
    told = [line.split(",")[1] for line in file.text.splitlines()]
    assert [each for each in told if each in people] == people[::-1], "a file has the order of its page"
    page = await browser.submit(HERE, actor="Ben 9")
    assert page.url.params["sort"] == "act", "a filter keeps the order"
    await browser.open(f"{HERE}?sort=nonsense", status=422)


async def test_another_partners_log_is_not_found(browser: "Browser") -> None:
    await browser.sign_in()
    await browser.open(f"/portal/{RIVAL}/audit", status=404)


@pytest.mark.parametrize("path", ["settings", "keys", "audit"])
async def test_these_pages_need_no_connection_but_a_session(browser: "Browser", world: "World", path: str) -> None:
    await browser.sign_in()
    page = await browser.open(f"/portal/{ACME}/halo-psa")
    assert f"/portal/{ACME}/{path}" in [link["href"] for link in page.soup.select(".tabs a")]
    await browser.open(f"/portal/{ACME}/{path}")
    stranger = await new_browser(world).open(f"/portal/{ACME}/{path}")
    assert stranger.title == "Sign in"
    answer = await browser.client.post(f"/portal/{ACME}/{path}", data={"name": "x"})
    assert answer.status_code in {403, 405}
