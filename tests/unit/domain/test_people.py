"""E-mail addresses of people (spec section 10)."""

import re

import pytest
from halosync.domain.people import MOST_CHARACTERS, normal_email
from hypothesis import given
from hypothesis import strategies as st

WORDS = "Enter one e-mail address, such as anna@example.com, without accents and special letters."
LONGEST = "a@" + ".".join(["b" * 62] * 4).ljust(MOST_CHARACTERS - 2, "c")


@pytest.mark.parametrize(
    ("text", "email"),
    [
        ("anna@acme.example", "anna@acme.example"),
        ("  Anna.Smith+Billing@Acme.Example\n", "anna.smith+billing@acme.example"),
        ("o'neil@localhost", "o'neil@localhost"),
        (LONGEST, LONGEST),
    ],
)
def test_an_address_is_kept_in_lower_case(text: str, email: str) -> None:
    assert normal_email(text) == email


@pytest.mark.parametrize(
    "text",
    [
        *("", "anna", "@acme.example", "anna@", "a b@acme.example", "a@b@acme.example", "anna@acme..example", "a@.b"),
        *("anna@acme.example, ben@acme.example", "a/b@acme.example", "anna\0@acme.example", "anna@acme.example."),
        *("ann\N{CYRILLIC SMALL LETTER A}@acme.example", "anna\N{ZERO WIDTH SPACE}@acme.example"),
        "a" * (MOST_CHARACTERS - 5) + "@b.test",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(WORDS)}$"):
        normal_email(text)


@given(st.emails())
def test_what_is_kept_stays_as_it_is(text: str) -> None:
    try:
        email = normal_email(text)
    except ValueError:
        return
    assert normal_email(email) == email == email.lower().strip()
