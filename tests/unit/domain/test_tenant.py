import re

import pytest
from halosync.domain.tenant import InvalidTenant, normalise_tenant
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    "text",
    [
        "acme",
        " ACME\n",
        "acme.halopsa.com",
        "Acme.HaloPSA.com",
        "https://acme.halopsa.com/",
        "HTTPS://acme.halopsa.com",
    ],
)
def test_what_people_type_is_understood(text: str) -> None:
    assert normalise_tenant(text) == "acme"


@pytest.mark.parametrize("text", ["a", "a" * 63, "acme-it", "4you", "xn--mnchen-3ya"])
def test_every_dns_label_is_a_tenant(text: str) -> None:
    assert normalise_tenant(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "evil.com/#",
        "a.b",
        "169.254.169.254",
        "acme@evil",
        "acme.halopsa.com.evil.com",
        "acme.halopsa.com.halopsa.com",
        ".halopsa.com",
        "halopsa.com",
        "a" * 64,
        f"{'a' * 64}.halopsa.com",
        "-acme",
        "acme-",
        "-acme.halopsa.com",
        "münchen",
        "\u212a",  # the Kelvin sign: lower() makes it an ASCII k
        "http://acme.halopsa.com:8080",
        "http://acme.halopsa.com",
        "https://acme.halopsa.com:8080",
        "https://acme.halopsa.com/x",
        "https://user@acme.halopsa.com/",
        "https://evil.com/acme.halopsa.com",
        "acme.halopsa.com/x",
        "acme.halopsa.com#",
        "acme.halopsa.com?x",
        "ac me",
        "ac\nme",
        "acme_it",
        "acme.",
        "acmexhalopsa.com",
        "acme%2e",
        "..",
    ],
)
def test_nothing_else_becomes_a_host(text: str) -> None:
    with pytest.raises(InvalidTenant, match=r"the part before \.halopsa\.com"):
        normalise_tenant(text)


def test_who_types_something_else_is_told_what_to_enter() -> None:
    with pytest.raises(InvalidTenant) as refused:
        normalise_tenant("a.b")
    assert str(refused.value) == (
        "Enter the name of your Halo only: the part before .halopsa.com in its address, for example acme for "
        "https://acme.halopsa.com. It has letters, digits and inner hyphens, at most 63."
    )


@given(st.text(alphabet="aA0-./:@#? \n\u212ahttpshalopsa.com", max_size=30))
def test_the_answer_is_always_a_label_and_stays_as_it_is(text: str) -> None:
    try:
        tenant = normalise_tenant(text)
    except InvalidTenant:
        return
    assert re.fullmatch(r"[a-z0-9-]{1,63}", tenant)
    assert not tenant.startswith("-")
    assert not tenant.endswith("-")
    assert normalise_tenant(tenant) == tenant
