"""All rows of a customer that differ for one reason are accepted with one note, or none of them (spec section 11)."""

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from devstack.fields import Fields

from tests.integration.portal.attack import ACME, RIVAL
from tests.integration.portal.conftest import Page

if TYPE_CHECKING:
    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser

pytestmark = pytest.mark.integration

MONTH = f"/portal/{ACME}/month"
TOGETHER = f"{MONTH}/accept-together"
FORM = f"form[action='{TOGETHER}']"
ROWS = 5


async def unmatched(world: "World", partner: str = ACME, *, otherwise: int = 1) -> None:
    """Leave a month with five rows of C-2 without a client, one of C-3, and some of C-2 that differ otherwise."""
    lines, items = [], []
    for number in range(1, ROWS + 2 + otherwise):
        of = "C-3" if number == ROWS + 1 else "C-2"
        named: Fields = {"customer_name": of, "product_code": f"P-{number}"}
        lines.append(world.line(number, customer_id=of, **named, unit_price=Decimal(100 * number)))
        why: Fields = {"outcome": "skipped", "reason": "customer_not_found", "detail": f"{of} has no client."}
        if number == ROWS + 2:
            why = {"outcome": "failed", "reason": "conflicting_lines"}
        named |= {"customer_ids": [of], "halo_client_id": None}
        items.append(world.item(action="none", **why, **named, line_nos=[number]))
    invoice_pk = await world.invoice(lines=lines, partner=partner)
    await world.finish(await world.run(invoice_pk, items), "partial")


async def accepted(world: "World") -> dict[str, str | None]:
    """Return, as the API has it, product → note."""
    rows = (await world.get("/months/2026-11/items", params={"different": True}))["items"]
    return {row["product_code"]: row["note"] for row in rows}


@pytest.mark.parametrize(("otherwise", "said"), [(0, 0), (1, ROWS + 1)])
async def test_a_reason_that_all_rows_have_is_said_once_above_them(
    otherwise: int, said: int, browser: "Browser", world: "World"
) -> None:
    await unmatched(world, otherwise=otherwise)
    await browser.sign_in()
    page = await browser.open(f"/portal/{ACME}/customer/C-2")
    assert len(page.texts(".together p")) == 1
    assert len(page.texts(".why")) == said


async def test_all_rows_of_a_reason_are_accepted_with_one_note_and_taken_back(
    browser: "Browser", world: "World"
) -> None:
    await unmatched(world)
    first = next(row for row in (await world.get("/months/2026-11/items"))["items"] if row["product_code"] == "P-1")
    before = await world.call("PUT", f"/months/2026-11/acceptances/{first['item_key']}", json={"note": "Paper."})
    assert before.status_code == 200
    await browser.sign_in()
    page = await browser.open(f"/portal/{ACME}/customer/C-2")
    assert page.texts(".together p") == ["No active client of that name in Halo: 4 licences, AUD 16,800.00."]
    page = await browser.submit(TOGETHER, note="  ")
    assert "Nothing was accepted. Write a note" in page.text
    page = await browser.submit(TOGETHER, note="Billed by hand.")
    assert page.title == "C-2"
    assert "4 licences are accepted. Your note stands in the certificate." in page.text
    by_hand = {f"P-{number}": "Billed by hand." for number in range(2, ROWS + 1)}
    rest = dict.fromkeys((f"P-{ROWS + 1}", f"P-{ROWS + 2}"))
    assert await accepted(world) == {"P-1": "Paper.", **by_hand, **rest}
    told = [entry for entry in await world.ports.audit.page(ACME) if entry.act == "month.accepted"]
    assert len({entry.detail["item_key"] for entry in told}) == ROWS, "each thing has its entry"
    assert [entry.detail["note"] for entry in told] == ["Billed by hand."] * 4 + ["Paper."]

    page = await browser.open(f"{MONTH}?customer=C-2")
    why = page.texts("section[aria-labelledby=customers-title] tbody tr:first-child .why-line")
    assert "No active client of that name in Halo (5), accepted" in why
    page = await browser.open(f"/portal/{ACME}/customer/C-2")
    assert "4 licences, AUD 16,800.00. Accepted together by key of acme-msp" in page.texts(".together p")[0]
    assert page.texts(f".together {FORM} button")[0].startswith("Take back all 4")
    assert page.text.count("Billed by hand.") == 1, "said once, with them all"
    assert page.text.count("Accepted together with the others") == 4
    assert "“ Paper. ”" in page.text, "what was accepted alone says so itself"
    page = await browser.submit(TOGETHER)
    assert "The acceptance of 4 licences was taken back." in page.text
    assert await accepted(world) == {"P-1": "Paper.", **dict.fromkeys(by_hand), **rest}
    assert [entry.act for entry in await world.ports.audit.page(ACME)][:4] == ["month.acceptance_withdrawn"] * 4


async def test_what_has_changed_since_it_was_seen_is_not_accepted_at_all(browser: "Browser", world: "World") -> None:
    await unmatched(world)
    await world.pool.execute(f"UPDATE invoice_line SET unit_price = 400 WHERE line_no = {ROWS + 2}")
    await browser.sign_in()
    for change in (
        "UPDATE invoice_line SET unit_price = 1 WHERE line_no = 2",
        "UPDATE item SET reason = 'customer_ambiguous' WHERE product_code = 'P-3'",
        # One row for another of the same price.
        f"""UPDATE item SET outcome = 'skipped',
            reason = CASE product_code WHEN 'P-4' THEN 'customer_ambiguous' ELSE 'customer_not_found' END
        WHERE product_code IN ('P-4', 'P-{ROWS + 2}')""",
    ):
        await browser.open(f"{MONTH}?customer=C-2")
        await world.pool.execute(change)
        page = await browser.submit(TOGETHER, note="Billed by hand.")
        assert "Nothing was accepted: what differs for this reason has changed" in page.text
        assert set((await accepted(world)).values()) == {None}
    page = await browser.submit(TOGETHER, note="Billed by hand.")
    assert "4 licences are accepted." in page.text


async def test_the_list_of_a_reason_offers_it_for_each_customer_of_several_rows(
    browser: "Browser", world: "World"
) -> None:
    await unmatched(world)
    await browser.sign_in()
    page = await browser.open(f"{MONTH}?reason=customer_not_found")
    assert page.texts(".together p") == ["C-2: No active client of that name in Halo: 5 licences, AUD 18,000.00."]
    page = await browser.submit(TOGETHER, note="Billed by hand.")
    assert page.texts("#rows-title") == ["No active client of that name in Halo"], "back to where it stood"
    assert (await accepted(world))[f"P-{ROWS + 1}"] is None
    await world.pool.execute("DELETE FROM run")  # what only waits for a Sync is not offered together
    page = await browser.open(f"{MONTH}?customer=C-2")
    assert not page.texts(".together")
    assert page.texts("#rows details summary")


async def test_nobody_accepts_or_takes_back_what_is_another_partners(browser: "Browser", world: "World") -> None:
    await unmatched(world)
    await unmatched(world, RIVAL)
    await browser.sign_in()
    page = await browser.open(f"{MONTH}?customer=C-2")
    seen = str(page.one(f"{FORM} input[name=seen]")["value"])
    theirs = {"period": "2026-11", "customer_id": "C-2", "reason": "customer_not_found", "seen": seen}
    await browser.submit(TOGETHER, note="Billed by hand.")
    rows = await world.pool.fetch("SELECT DISTINCT partner_id, accepted_at FROM month_acceptance")
    [(partner, accepted_at)] = [tuple(row) for row in rows]
    assert partner == ACME
    browser.client.cookies.clear()
    await browser.sign_in(RIVAL)
    page = await browser.open(f"/portal/{RIVAL}/month?customer=C-2")
    token = page.soup.select("input[name=csrf]")[0]["value"]
    taken = {"csrf": token, **theirs, "accepted_at": accepted_at.isoformat()}
    answer = await browser.client.post(f"/portal/{RIVAL}/month/accept-together", data=taken)
    assert answer.status_code == 200
    assert await world.pool.fetchval("SELECT count(*) FROM month_acceptance") == ROWS
    answer = await browser.client.post(TOGETHER, data=taken)
    assert answer.status_code == 404
    no_times = ("now", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00")
    for wrong in ({"seen": "\0"}, {"period": "\0"}, *({"accepted_at": text} for text in no_times)):
        answer = await browser.client.post(f"/portal/{RIVAL}/month/accept-together", data={**taken, **wrong})
        assert answer.status_code == 422, wrong


async def shared_client(world: "World") -> None:
    """Leave a month in which C-2 and C-3 share a client: two things are of both, and each has two of its own."""
    lines, items = [], []
    for number, owners in enumerate((["C-2", "C-3"],) * 2 + (["C-2"],) * 2 + (["C-3"],) * 2):
        nos = [2 * number + at + 1 for at in range(len(owners))]
        lines += [
            world.line(no, customer_id=of, customer_name=of, product_code=f"P-{number}", unit_price=Decimal(100))
            for no, of in zip(nos, owners, strict=True)
        ]
        of_item: Fields = {"customer_ids": owners, "customer_name": owners[0], "product_code": f"P-{number}"}
        why: Fields = {"outcome": "failed", "reason": "conflicting_lines", "action": "none"}
        items.append(world.item(**why, **of_item, line_nos=nos))
    await world.finish(await world.run(await world.invoice(lines=lines), items), "partial")


async def test_what_another_customer_has_a_part_of_is_neither_accepted_nor_taken_back_together(
    browser: "Browser", world: "World"
) -> None:
    await shared_client(world)
    await browser.sign_in()
    page = await browser.open(f"{MONTH}?customer=C-2")
    assert [text.partition(": ")[2] for text in page.texts(".together p")] == ["2 licences, AUD 2,400.00."]
    assert page.text.count("it is accepted for all of them") == 2, "said of each that is shared"
    page = await browser.submit(TOGETHER, note="Billed by hand.")
    assert "2 licences are accepted." in page.text
    own = {"P-2": "Billed by hand.", "P-3": "Billed by hand."}
    waits = dict.fromkeys(("P-0", "P-1", "P-4", "P-5"))
    assert await accepted(world) == own | waits
    await browser.open(f"{MONTH}?customer=C-2")
    of_others = {**browser.fields(TOGETHER), "customer_id": "C-3"}
    page = Page(await browser.client.post(TOGETHER, data=of_others))
    assert "Nothing was taken back: what was accepted has changed since you opened the page." in page.text
    assert await accepted(world) == own | waits
    # As if all had been accepted at one time: the button takes back what it counts, and nothing else.
    await world.pool.execute(
        """INSERT INTO month_acceptance (partner_id, period, item_key, reason, note, accepted_by, accepted_at)
        SELECT a.partner_id, a.period, item_key(m.customer_ids, m.product_code, m.halo_licence_id), m.reason, a.note,
            a.accepted_by, a.accepted_at
        FROM (SELECT * FROM month_acceptance LIMIT 1) AS a, month_rows(a.partner_id, a.period) AS m
        ON CONFLICT DO NOTHING"""
    )
    page = await browser.open(f"{MONTH}?customer=C-3")
    assert page.texts(f".together {FORM} button")[0].startswith("Take back all 2")
    page = await browser.submit(TOGETHER)
    assert "The acceptance of 2 licences was taken back." in page.text
    left = {code for code, note in (await accepted(world)).items() if note}
    assert left == {"P-0", "P-1", "P-2", "P-3"}


async def test_what_differs_for_another_reason_since_is_not_taken_back_unseen(
    browser: "Browser", world: "World"
) -> None:
    await unmatched(world)
    await browser.sign_in()
    await browser.open(f"{MONTH}?customer=C-2")
    before = await browser.submit(TOGETHER, note="Billed by hand.")
    await world.pool.execute("UPDATE item SET reason = 'customer_ambiguous' WHERE product_code = 'P-3'")
    page = await browser.submit(TOGETHER)  # as the page showed it
    assert "Nothing was taken back" in page.text
    assert before.texts(f".together {FORM} button")[0].startswith("Take back all 5")
    assert page.texts(f".together {FORM} button")[0].startswith("Take back all 4")
    page = await browser.submit(TOGETHER)
    assert "The acceptance of 4 licences was taken back." in page.text
    assert await world.pool.fetchval("SELECT count(*) FROM month_acceptance") == 1


async def test_a_month_that_was_closed_meanwhile_stays_as_it_was_certified(browser: "Browser", world: "World") -> None:
    await shared_client(world)
    await browser.sign_in()
    await browser.open(f"{MONTH}?customer=C-2")
    alone = await browser.submit(f"{MONTH}/accept", note="Paper.")
    together = browser.fields(TOGETHER)
    await browser.submit(TOGETHER, note="Billed by hand.")
    back = browser.fields(TOGETHER)
    certified = await world.pool.fetch("SELECT * FROM month_acceptance ORDER BY item_key")
    await world.pool.execute(
        """INSERT INTO month_closing (partner_id, period, invoice_pks, closed_by, certificate, number)
        SELECT 'acme-msp', '2026-11', array_agg(invoice_pk), 'somebody', '{}', 1 FROM invoice"""
    )
    one = {"csrf": together["csrf"], "period": "2026-11", "item_key": certified[0]["item_key"]}
    assert alone.status == 200
    for action, fields in (
        (TOGETHER, {**together, "note": "Late."}),
        (TOGETHER, back),
        (f"{MONTH}/accept", {**one, "note": "Late."}),
        (f"{MONTH}/accept", one),
    ):
        page = Page(await browser.client.post(action, data=fields))
        assert "This month is closed, so what is accepted stays as it was certified." in page.text
    assert await world.pool.fetch("SELECT * FROM month_acceptance ORDER BY item_key") == certified
