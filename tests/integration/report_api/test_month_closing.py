"""Accepting a difference, closing a month, and its certificates."""

import csv
import io
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from devstack.fields import Fields
from pypdf import PdfReader

if TYPE_CHECKING:
    from tests.integration.conftest import World
from .month_licences import PARTNER, SYNCED, licence

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("parts_compared")]


async def test_accepting_holds_for_the_reason_and_closing_needs_all_accepted(world: "World") -> None:
    invoice_pk = await world.invoice(lines=[world.line(1)])
    unmatched = world.item(
        outcome="skipped",
        action="none",
        reason="customer_not_found",
        detail="No client.",
        halo_client_id=None,
        line_nos=[1],
    )
    await world.finish(await world.run(invoice_pk, [unmatched]), "partial")
    early = await world.call("POST", "/months/2026-11/close", json={"seen": 0})
    assert (early.status_code, early.json()["code"]) == (409, "not_ready")
    (row,) = (await world.get("/months/2026-11/items", params={"different": True}))["items"]
    address = f"/months/2026-11/acceptances/{row['item_key']}"
    assert (await world.call("PUT", address, json={"note": "Billed by hand."})).status_code == 200
    month = await world.get("/months/2026-11")
    assert (month["state"], month["accepted_count"]) == ("ready", 1)
    unseen = await world.call("POST", "/months/2026-11/close", json={"seen": 0})
    assert (unseen.status_code, unseen.json()["code"]) == (409, "changed_since")
    assert (await world.call("GET", "/months/2026-11/certificate")).status_code == 404
    closed = await world.call("POST", "/months/2026-11/close", json={"seen": 1})
    assert closed.status_code == 201, closed.text
    for again in (("PUT", {"note": "Late."}), ("DELETE", None)):
        refused = await world.call(again[0], address, json=again[1])
        assert (refused.status_code, refused.json()["code"]) == (409, "month_closed")
    certificate = await world.get("/months/2026-11/certificate")
    (exception,) = certificate["exceptions"]
    assert (exception["note"], exception["reason"]) == ("Billed by hand.", "customer_not_found")
    assert exception["accepted_by"] == certificate["closed_by"] == f"key of {PARTNER}"
    assert len(certificate["fingerprint"]) == 64
    file = await world.call("GET", "/months/2026-11/certificate", headers={"Accept": "application/pdf"})
    assert (file.status_code, file.headers["content-type"]) == (200, "application/pdf")
    assert certificate["fingerprint"] in PdfReader(io.BytesIO(file.content)).pages[0].extract_text()
    printed = await world.call("GET", "/months/2026-11/certificate", headers={"Accept": "text/html"})
    assert printed.headers["content-type"].startswith("text/html")
    assert "Certificate: November 2026" in printed.text
    assert "Billed by hand." in printed.text
    sheet = await world.call("GET", "/months/2026-11/certificate", headers={"Accept": "text/csv"})
    assert sheet.content.startswith("\ufeff".encode())
    [of_exception] = csv.DictReader(io.StringIO(sheet.content.decode("utf-8-sig")))
    assert [of_exception[name] for name in ("period", "currency", "invoice_ids")] == ["2026-11", "AUD", "INV-1"]

    # The same thing for another reason is open again; and a new revision opens a closed month.
    await world.finish(await world.run(invoice_pk, [{**unmatched, "reason": "customer_ambiguous"}]), "partial")
    assert (await world.get("/months/2026-11"))["state"] == "closed"
    newer = await world.invoice(revision=2, lines=[world.line(1)])
    await world.pool.execute("UPDATE invoice SET superseded_by = $2 WHERE invoice_pk = $1", invoice_pk, newer)
    await world.finish(await world.run(newer, [{**unmatched, "reason": "customer_ambiguous"}]), "partial")
    month = await world.get("/months/2026-11")
    assert (month["state"], month["open_count"]) == ("open", 1)
    assert (await world.call("DELETE", address)).status_code == 204
    assert (await world.call("DELETE", address)).status_code == 404


async def test_a_certificate_names_what_differs_and_says_what_else_the_invoice_bills(world: "World") -> None:
    lines = [world.line(1), world.line(2, kind="one_off"), world.line(3, quantity=Decimal(0), product_code="NONE")]
    invoice_pk = await world.invoice(lines=lines, total=Decimal("756.00"))
    await licence(world, 5)
    none: Fields = {"outcome": "skipped", "action": "none"}
    await world.finish(
        await world.run(
            invoice_pk,
            [
                world.item(**SYNCED, halo_licence_id=5, line_nos=[1]),
                world.item(**none, reason="not_recurring", product_code="SETUP"),
                world.item(**none, reason="quantity_zero", product_code="NONE", line_nos=[3]),
            ],
        )
    )
    assert (await world.call("POST", "/months/2026-11/close", json={"seen": 0})).status_code == 201
    certificate = await world.get("/months/2026-11/certificate")
    assert (certificate["exceptions"], certificate["not_recurring"]) == ([], "378.00")
    older = "UPDATE month_closing SET certificate = certificate - 'not_recurring'"
    assert await world.pool.execute(older + " WHERE certificate ? 'not_recurring'") == "UPDATE 1"
    assert await world.get("/months/2026-11/certificate") == certificate, "as an older version has written it"
    printed = await world.call("GET", "/months/2026-11/certificate", headers={"Accept": "text/html"})
    assert "None: everything that was billed is in Halo." in printed.text
    said = "AUD\xa0378.00 in all. Such charges and credits make no licence."
    assert said in printed.text
    file = await world.call("GET", "/months/2026-11/certificate", headers={"Accept": "application/pdf"})
    text = PdfReader(io.BytesIO(file.content)).pages[0].extract_text()
    assert said.replace("\xa0", " ") in text.replace("\xa0", " ")


async def test_a_certificate_has_every_exception(world: "World") -> None:
    size = 10_050
    invoice_pk = await world.invoice(lines=[world.line(n, product_code=f"P-{n}") for n in range(1, size + 1)])
    await world.pool.execute(
        "INSERT INTO customer_link (partner_id, customer_id, excluded) VALUES ('acme-msp', 'C-1', true)"
    )
    excluded: Fields = {"outcome": "skipped", "action": "none", "reason": "customer_excluded"}
    made = (
        world.item(**excluded, halo_client_id=None, product_code=f"P-{n}", line_nos=[n]) for n in range(1, size + 1)
    )
    await world.finish(await world.run(invoice_pk, made))
    closed = await world.call("POST", "/months/2026-11/close", json={"seen": 0})
    assert closed.status_code == 201, closed.text
    assert len((await world.get("/months/2026-11/certificate"))["exceptions"]) == size


async def test_an_undo_opens_a_closed_month_and_every_certificate_is_kept(world: "World") -> None:
    invoice_pk = await world.invoice(lines=[world.line(1)])
    await licence(world, 5)
    done = world.item(**SYNCED, halo_licence_id=5, line_nos=[1])
    run_id = await world.run(invoice_pk, [done])
    await world.finish(run_id)
    assert (await world.call("POST", "/months/2026-11/close", json={"seen": 0})).status_code == 201
    first = await world.get("/months/2026-11/certificate")

    async def undo(*items: Fields) -> None:
        made = await world.run(invoice_pk, mode="undo", undoes=run_id)
        await world.items(made, [{**item, "outcome": "pending"} for item in items])
        for item in items:
            what = "UPDATE item SET outcome = $2, action_state = 'applied' WHERE run_id = $1"
            await world.pool.execute(what, made, item["outcome"])
        await world.finish(made)

    await undo(world.item(outcome="skipped", action="none", reason="changed_since", halo_licence_id=5))
    assert (await world.get("/months/2026-11"))["state"] == "closed"  # it has put nothing back
    await undo(world.item(outcome="synced", action="delete", before=SYNCED["after"], halo_licence_id=5))
    await world.pool.execute("UPDATE halo_licence SET removed_at = now()")
    month = await world.get("/months/2026-11")
    assert (month["state"], [each["reason"] for each in month["reasons"]]) == ("open", ["undone"])
    assert (await world.call("GET", "/months/2026-11/certificate")).status_code == 404
    assert await world.get("/months/2026-11/certificate", params={"number": 1}) == first

    await world.pool.execute("UPDATE halo_licence SET removed_at = NULL")
    await world.finish(await world.run(invoice_pk, [done]))
    assert (await world.call("POST", "/months/2026-11/close", json={"seen": 0})).status_code == 201
    second = await world.get("/months/2026-11/certificate")
    assert second["number"] == 2
    assert [each["mode"] for each in second["runs"]] == ["apply", "undo", "undo", "apply"]
    printed = await world.call("GET", "/months/2026-11/certificate", headers={"Accept": "text/html"})
    assert (printed.text.count("<li>Undo, "), printed.text.count("<li>Sync, ")) == (2, 2)
    heads = (await world.get("/months/2026-11"))["certificates"]
    assert [(each["number"], each["stands"]) for each in heads] == [(2, True), (1, False)]
    for how in ("application/pdf", "text/html"):
        old = await world.call("GET", "/months/2026-11/certificate", headers={"Accept": how}, params={"number": 1})
        assert (old.status_code, old.headers["content-type"].partition(";")[0]) == (200, how)
    assert (await world.call("GET", "/months/2026-11/certificate", params={"number": 3})).status_code == 404
