"""A fingerprint is another one as soon as the id means something else than the person was shown."""

import re

from halosync.domain.client_fingerprints import client_fingerprint


def test_a_fingerprint_is_the_same_for_the_same_client() -> None:
    assert client_fingerprint("acme", 7, "Contoso") == client_fingerprint("acme", 7, "Contoso")


def test_a_fingerprint_changes_with_tenant_id_and_name() -> None:
    fingerprints = [
        client_fingerprint(*client)
        for client in [(None, 7, "Contoso"), ("acme", 7, "Contoso"), ("acme", 8, "Contoso"), ("acme", 7, "Søns")]
    ]
    assert len(set(fingerprints)) == 4


def test_tenant_id_and_name_do_not_run_into_each_other() -> None:
    assert client_fingerprint("acme", 7, "1") != client_fingerprint("acme", 71, "")
    assert client_fingerprint("acme1", 7, "1") != client_fingerprint("acme", 17, "1")


def test_fingerprints_stay_as_they_are() -> None:
    # A form that is open during an upgrade carries the fingerprints of the version before.
    assert client_fingerprint("acme", 7, "Contoso") == "bb2c2dc260c2ce36"
    assert client_fingerprint(None, 7, "Contoso") == "8ac32bca5fe582a1"


def test_a_fingerprint_is_short() -> None:
    assert re.fullmatch("[0-9a-f]{16}", client_fingerprint("acme", 7, "a long name " * 40))
