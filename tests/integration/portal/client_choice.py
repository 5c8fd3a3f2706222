"""Picking a client on the Customers tab."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.integration.portal.conftest import Page


def choice(page: "Page", label: str) -> str:
    """The value of the client to choose that is labelled so."""
    labels = {" ".join(each.get_text().split()): each["for"] for each in page.soup.select("fieldset label")}
    return str(page.one(f"#{labels[' '.join(label.split())]}")["value"])
