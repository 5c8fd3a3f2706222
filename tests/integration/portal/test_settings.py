"""Settings: shown, explained, saved, refused, and never saved over what somebody else changed."""

from typing import TYPE_CHECKING

import pytest
from halosync.contracts.settings import PartnerSettings

if TYPE_CHECKING:
    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser

ACME = "acme-msp"
HERE = f"/portal/{ACME}/settings"


async def test_the_defaults_are_shown_and_saving_them_changes_nothing(browser: "Browser", world: "World") -> None:
    await browser.sign_in()
    page = await browser.open(HERE)
    chosen = {str(element["name"]): element.get("value") for element in page.soup.select("form.settings [checked]")}
    assert chosen == {
        "review_first_sync": "on",
        "removal": "delete",
        "cleanup": "all",
        "on_drift": "overwrite",
        "guard": "on",
        "price_field": "price",
        "details": "on",
        "email_notices": "on",
        "rate": "",
    }
    assert page.one("#invoice_day")["value"] == "5"
    assert "500 requests in 5 minutes" in page.text
    page = await browser.submit(HERE)
    assert page.texts(".notice") == ["i Note: Nothing was different, so nothing was changed."]
    assert await world.ports.partners.settings(ACME) == PartnerSettings()


async def test_every_control_has_a_label_and_every_choice_a_sentence(browser: "Browser") -> None:
    await browser.sign_in()
    page = await browser.open(HERE)
    for control in page.soup.select("form.settings input:not([type=hidden]), form.settings select"):
        page.one(f'label[for="{control["id"]}"]')
        described = str(control["aria-describedby"]).split()
        assert all(page.one(f"#{about}").get_text().strip() for about in described)


async def test_saving_says_what_changed_and_who_did_it_is_kept(browser: "Browser", world: "World") -> None:
    await browser.sign_in()
    await browser.open(HERE)
    page = await browser.submit(
        HERE, auto_sync="on", removal="zero", country="AU", invoice_day="7", guard_percent="30", rate="own"
    )
    assert page.texts(".notice") == [
        (
            "✓ Done: Saved: automatic sync from off to on; what to do with a removed licence from "
            '"delete it" to "set its quantity to zero"; the delete guard from more than 10 and more than 25 % to more '
            "than 10 and more than 30 %; the request limit from the services' default to 500 requests in 300 seconds; "
            "the holiday country from none to Australia; the invoice day from 5 to 7. "
            "It takes effect with the next run."
        )
    ]
    assert "holidays of Australia" in page.one("#dates").get_text()
    stored = await world.ports.partners.settings(ACME)
    assert stored is not None
    assert (stored.auto_sync, stored.removal, stored.country, stored.invoice_day) == (True, "zero", "AU", 7)
    (entry, *_) = await world.ports.audit.page(ACME)
    assert (entry.act, entry.actor.name) == ("settings.changed", "key of acme-msp")


async def test_what_is_wrong_stands_beside_its_field_and_nothing_entered_is_lost(
    browser: "Browser", world: "World"
) -> None:
    await browser.sign_in()
    await browser.open(HERE)
    page = await browser.submit(
        HERE, status=422, removal="zero", invoice_day="31", guard_max_count="<b>ten", country="NZ"
    )
    assert [link["href"] for link in page.soup.select(".notice-bad a")] == ["#guard_max_count", "#invoice_day"]
    for field in ("guard_max_count", "invoice_day"):
        control = page.one(f"#{field}")
        assert control["aria-invalid"] == "true"
        assert f"{field}-error" in str(control["aria-describedby"]).split()
    assert page.one("#guard_max_count")["value"] == "<b>ten"
    assert page.one("#invoice_day")["value"] == "31"
    assert page.one("#country option[selected]")["value"] == "NZ"
    assert page.one("[name=removal][checked]")["value"] == "zero"
    assert page.soup.title is not None
    assert page.soup.title.get_text().startswith("Error:")
    assert await world.ports.partners.settings(ACME) == PartnerSettings()


@pytest.mark.parametrize("field", ["removal", "cleanup", "price_field", "country"])
async def test_a_choice_that_there_is_not_is_refused(browser: "Browser", field: str) -> None:
    await browser.sign_in()
    await browser.open(HERE)
    page = await browser.submit(HERE, status=422, **{field: "burn"})
    assert page.one(f"#{field}-error")
    assert page.one(f"#{field}")


async def test_nobody_overwrites_what_he_has_not_seen(browser: "Browser", world: "World") -> None:
    await browser.sign_in()
    await browser.open(HERE)
    await world.call("PUT", "/settings", json={"invoice_day": 9})
    page = await browser.submit(HERE, status=409, removal="zero")
    assert "Somebody changed the settings" in page.text
    assert page.one("[name=removal][checked]")["value"] == "zero"
    stored = await world.ports.partners.settings(ACME)
    assert stored == PartnerSettings(invoice_day=9)
    page = await browser.submit(HERE)  # now it was seen; what was entered is saved
    assert await world.ports.partners.settings(ACME) == PartnerSettings(removal="zero")
