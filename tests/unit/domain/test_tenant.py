import re

import pytest
from halosync.domain.tenant import MOST_CHARACTERS, SUFFIXES, HaloHosts, InvalidTenant, custom_host, is_host_pattern
from hypothesis import given
from hypothesis import strategies as st

HOSTS = HaloHosts("https://{tenant}.halopsa.com")
OWN = HaloHosts("http://127.0.0.1:8080/{tenant}/", custom_hosts=("psa.msp.example", "*.msp.test"))


@pytest.mark.parametrize(
    "text",
    [
        "acme",
        " ACME\n",
        "acme.halopsa.com",
        "Acme.HaloPSA.com",
        "acme.halopsa.com/",
        "https://acme.halopsa.com/".ljust(MOST_CHARACTERS, "a"),
        "https://acme.halopsa.com/",
        "HTTPS://acme.halopsa.com",
        "https://acme.halopsa.com/home?x=1",
        "https://acme.halopsa.com?x=@evil.com",
        "https://ACME.halopsa.com/a/b/#c?d",
    ],
)
def test_what_people_type_is_understood(text: str) -> None:
    assert HOSTS.tenant_of(text) == "acme"


def test_a_host_has_253_characters_at_most() -> None:
    anywhere = HaloHosts("https://{tenant}.halopsa.com", custom_hosts=("*",))
    longest = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61])
    assert anywhere.tenant_of(longest) == longest
    with pytest.raises(InvalidTenant):
        anywhere.tenant_of(f"{longest}d")


@pytest.mark.parametrize("text", ["a", "a" * 63, "acme-it", "4you", "xn--mnchen-3ya"])
def test_every_dns_label_is_a_tenant(text: str) -> None:
    assert HOSTS.tenant_of(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "evil.com/#",
        "acme/",
        "https://acme.halopsa.com/\\evil.com",
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
        "https://acme/",
        "https://acme.halopsa.com\\@evil.com",
        "https://acme.halopsa.com:443/",
        "https://evil.com?.halopsa.com",
        "https://evil.com#.halopsa.com",
        "https://a.b.halopsa.com/",
        "https://halopsa.com/",
        "https://acme.halopsa.com./",
        "https://acme.halopsa.com/ x\ty",
        "https://acme.halopsa.com/" + "x" * 300,
        ".".join(["a" * 60] * 5),
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
    with pytest.raises(InvalidTenant, match="Enter the name of your Halo, or its address"):
        HOSTS.tenant_of(text)


def test_who_types_something_else_is_told_what_to_enter() -> None:
    with pytest.raises(InvalidTenant) as refused:
        HOSTS.tenant_of("a.b")
    assert str(refused.value) == (
        "a.b is not an address of Halo's own. Enter the name of your Halo, or its address as your browser shows it: "
        "acme, or https://acme.halopsa.com. The name has letters, digits and inner hyphens, at most 63. "
        "If your Halo has an address of your own company, ask Converge to allow it."
    )


@given(st.text(alphabet="aA0-./:@#? \n\u212ahttpshalopsa.com", max_size=30))
def test_the_answer_is_always_a_label_and_stays_as_it_is(text: str) -> None:
    try:
        tenant = HOSTS.tenant_of(text)
    except InvalidTenant:
        return
    assert re.fullmatch(r"[a-z0-9-]{1,63}", tenant)
    assert not tenant.startswith("-")
    assert not tenant.endswith("-")
    assert HOSTS.tenant_of(tenant) == tenant


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_halos_other_domains_are_taken_as_that_host(suffix: str) -> None:
    for text in (f"acme.{suffix}", f"https://Acme.{suffix}/home?x=1"):
        assert HOSTS.tenant_of(text) == f"acme.{suffix}"
        assert HOSTS.url(f"acme.{suffix}") == f"https://acme.{suffix}"
    for text in (suffix, f"a.b.{suffix}", f"https://acme.{suffix}:8443/", f"http://acme.{suffix}"):
        with pytest.raises(InvalidTenant):
            HOSTS.tenant_of(text)
    with pytest.raises(InvalidTenant):
        HaloHosts("https://{tenant}.halopsa.com", suffixes=()).tenant_of(f"acme.{suffix}")


def test_a_partners_own_domain_is_taken_only_if_the_operator_allows_it() -> None:
    for text in ("psa.msp.example", "https://psa.msp.example/home", "a.msp.test", "a.b.msp.test"):
        with pytest.raises(InvalidTenant, match="ask Converge to allow it"):
            HOSTS.tenant_of(text)
        assert OWN.url(OWN.tenant_of(text)).startswith("https://")
    for text in ("msp.test", "other.msp.example", "amsp.test", "psa.msp.example:8443", "https://psa.msp.example:443"):
        with pytest.raises(InvalidTenant):
            OWN.tenant_of(text)


def test_every_host_can_be_allowed_but_for_addresses_and_places_below_halos_own() -> None:
    every = HaloHosts("https://{tenant}.halopsa.com", custom_hosts=("*",))
    assert every.tenant_of("https://psa.msp.example") == "psa.msp.example"
    for text in ("127.0.0.1", "https://10.0.0.1/", "1.2", "https://[::1]/", "a.b.halopsa.com", "halopsa.com"):
        with pytest.raises(InvalidTenant):
            every.tenant_of(text)


def test_a_label_has_the_address_of_the_template_and_a_host_its_own() -> None:
    assert OWN.url("acme") == "http://127.0.0.1:8080/acme"
    assert OWN.url("psa.msp.example") == "https://psa.msp.example"
    assert HaloHosts("http://127.0.0.1/X").url("acme") == "http://127.0.0.1/X"
    with pytest.raises(InvalidTenant, match="not allowed"):
        HOSTS.url("psa.msp.example")


@given(st.text())
def test_what_is_taken_leads_nowhere_but_to_halo_or_an_allowed_host(text: str) -> None:
    try:
        url = OWN.url(OWN.tenant_of(text))
    except InvalidTenant:
        return
    assert re.fullmatch(r"http://127\.0\.0\.1:8080/[a-z0-9-]{1,63}|https://[a-z0-9.-]+", url)


@pytest.mark.parametrize(
    ("pattern", "is_one"),
    [
        *((good, True) for good in ("psa.msp.example", "*.msp.example", "*.example.com", "*")),
        *((bad, False) for bad in ("", "msp", "*.msp", "https://a.b", "a.b:8", "a.*.b", "**", "*a.b", "A.b", ".a.b")),
    ],
)
def test_patterns_of_hosts(pattern: str, is_one: bool) -> None:
    assert is_host_pattern(pattern) is is_one


def test_a_client_has_a_page_in_halo() -> None:
    assert HOSTS.client_page("acme", 7) == "https://acme.halopsa.com/customers?clientid=7"
    assert OWN.client_page("psa.msp.example", 7) == "https://psa.msp.example/customers?clientid=7"
    assert HOSTS.client_page("psa.msp.example", 7) is None


KNOWN = HaloHosts(
    "https://{tenant}.halopsa.com", custom_hosts=("*",), same_as=(("psa.one.example", "acme"), ("two.example", "acme"))
)
TENANTS = ("acme", "other", "acme.haloitsm.com", "psa.one.example", "two.example", "psa.msp.example")


@pytest.mark.parametrize(
    ("tenant", "said", "names"),
    [
        ("psa.msp.example", None, ("psa.msp.example",)),
        ("psa.msp.example", "https://acme.halopsa.com/", ("acme", "psa.msp.example")),
        ("psa.msp.example", "No Halo", ("no halo", "psa.msp.example")),
        ("acme.haloitsm.com", "other", ("acme.haloitsm.com",)),
        ("acme", "other", ("acme",)),
    ],
)
def test_names_that_must_be_free(tenant: str, said: str | None, names: tuple[str, ...]) -> None:
    assert KNOWN.names_to_be_free(tenant, said) == names


@given(st.sampled_from(TENANTS), st.sampled_from([None, *TENANTS, "ACME", "https://acme.halopsa.com/", "no halo"]))
def test_a_partners_word_adds_names_to_its_own_domain_alone(tenant: str, said: str | None) -> None:
    free = set(KNOWN.names_to_be_free(tenant, said))
    if said is None or "." not in tenant or tenant.endswith(SUFFIXES):
        assert free == {tenant}
    elif said.startswith("https:"):
        assert free == {tenant, "acme"}
    else:
        assert free == {tenant, said.lower()}


def test_an_entry_of_hosts_may_say_which_halo_a_host_is() -> None:
    assert custom_host("*.msp.example") == ("*.msp.example", None)
    assert custom_host("psa.msp.example=acme") == ("psa.msp.example", "acme")
    assert custom_host("psa.msp.example=acme.haloitsm.com") == ("psa.msp.example", "acme.haloitsm.com")
    for entry in (
        *("*=acme", "*.msp.example=acme", "psa.msp.example=", "psa.msp.example=a b", "=acme", "psa=acme"),
        *("psa.msp.example=psa.msp.example", "psa.msp.example=acme=two"),
    ):
        with pytest.raises(ValueError, match="is no host"):
            custom_host(entry)
