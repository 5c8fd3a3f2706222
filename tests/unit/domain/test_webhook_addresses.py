import re

import pytest
from halosync.domain.notices import MOST_URL, webhook_url


@pytest.mark.parametrize("url", ["https://example.com/", "https://example.com:8443/a?b=c", " https://8.8.8.8/x "])
def test_an_address_of_the_internet_is_taken(url: str) -> None:
    assert webhook_url(url) == url.strip()


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "https://localhost/", "http://sink/"])
def test_ones_own_network_is_taken_where_that_is_wanted(url: str) -> None:
    assert webhook_url(url, private=True) == url
    with pytest.raises(ValueError, match=r"https://|internet"):
        webhook_url(url)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "such as"),
        ("example.com", "such as"),
        ("https://", "such as"),
        ("https://exa mple.com", "such as"),
        ("https://münchen.example/", "such as"),
        ("https://[::1", "such as"),
        ("https://example.com:99999/", "such as"),
        ("https://example.com/" + "a" * MOST_URL, "such as"),
        ("ftp://example.com/", "https://"),
        ("https://user:secret@example.com/", "user or password"),
        ("https://example.com/#here", "#"),
        ("https://10.0.0.1/", "internet"),
        ("https://169.254.169.254/latest", "internet"),
        ("https://[::ffff:127.0.0.1]/", "internet"),
        ("https://127.1/", "internet"),
        ("https://2130706433/", "internet"),
        ("https://intranet/", "internet"),
    ],
)
def test_other_addresses_are_refused(url: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        webhook_url(url)


@pytest.mark.parametrize(
    ("url", "private", "words"),
    [
        ("example.com", False, "must be an address such as https://example.com/halosync"),
        ("http://example.com/", False, "must begin with https://, so that nobody on the way can read it"),
        ("ftp://sink/", True, "must begin with https://, so that nobody on the way can read it"),
        (
            "https://user@example.com/",
            False,
            "must not hold a user or password; check the signature of what arrives instead",
        ),
        ("https://example.com/#here", False, "must not hold a # and what follows it; it would never be sent"),
        ("https://intranet/", False, "must be a host that can be reached from the internet, by its full name"),
        ("https://intranet./", False, "must be a host that can be reached from the internet, by its full name"),
        ("https://a.b.7/", False, "must be a host that can be reached from the internet, by its full name"),
    ],
)
def test_a_refusal_says_exactly_why(url: str, private: bool, words: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        webhook_url(url, private=private)


def test_the_longest_address_is_taken() -> None:
    longest = "https://example.com/".ljust(MOST_URL, "a")
    assert webhook_url(longest) == longest
    assert webhook_url("https://7.example.com/") == "https://7.example.com/"


def test_a_secret_in_an_address_is_not_repeated() -> None:
    with pytest.raises(ValueError, match="password") as refused:
        webhook_url("https://user:secret@example.com/")
    assert "secret" not in str(refused.value)
