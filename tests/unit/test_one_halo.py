"""A Halo may have two names: tenants are compared by the Halo that they stand for, by `halo_of` (spec section 10).

A comparison of the names themselves lets another partner's licences be removed, a budget be spent twice, or a partner's
links be forgotten. Where only the address is meant, it is named here, with the reason.
"""

import re
from importlib import resources
from pathlib import Path

STORE = Path(str(resources.files("halosync.store")))
BY_ADDRESS = {
    "c.tenant = b.tenant": "a batch goes on only at the address that it was planned for",
    "ordered.tenant = t.tenant": "one row of rate_tenant",
    "t.tenant = l.tenant": "of a lease to its budget, which bears the Halo's own name",
    "tenant = t.tenant": "of a budget to its leases",
    "l.tenant = t.tenant": "the same",
    "l.tenant = p_tenant": "p_tenant is what halo_of says",
    "tenant = p_tenant": "the same",
    "r.tenant = p_tenant": "the same",
    "t.tenant = u.tenant": "of a budget to its view",
    "u.tenant = halo_of(r.tenant)": "budgets bear the Halo's own name",
    "l.tenant = s.tenant": "leases that move to the Halo's own name",
    "halo_of(tenant) <> tenant": "which budgets bear a second name",
    "halo_alias.tenant <> excluded.tenant": "what a second name stands for",
    "tenant = :tenant": "a value is set, or what is learnt of an address: how large pages and arrays it takes",
    "tenant = excluded.tenant": "a value is set",
    "tenant = halo_of(l.tenant)": "a value is set",
    "a.tenant = halo_of(p_tenant)": "the second names of a Halo, for halo_names",
    "tenant = ANY": "one of halo_names, which are all names of a Halo",
    "o.tenant = ANY": "the same",
}
_NAME = r"(?:halo_of\([\w.:]+\)|[\w.:]*\btenant\b)"
_COMPARED = re.compile(rf"{_NAME} (?:=|<>|IN|IS (?:NOT )?DISTINCT FROM) (?:ANY\()?[\w.:]*(?:\([\w.:]+\)?)?")


def texts() -> list[str]:
    files = [path for folder in ("sql", "schema") for path in sorted((STORE / folder).glob("*.sql"))]
    return [re.sub(r"--[^\n]*", "", path.read_text()) for path in files]


def by_what_they_stand_for(comparison: str) -> bool:
    left, _, right = comparison.split(" ", maxsplit=2)
    return left.startswith("halo_of(") and right.startswith(("halo_of(", "(SELECT"))


def test_tenants_are_compared_by_the_halo_that_they_stand_for() -> None:
    compared = {found for text in texts() for found in _COMPARED.findall(text)}
    assert {found for found in compared if not by_what_they_stand_for(found)} == set(BY_ADDRESS)


def test_only_what_is_learnt_of_an_address_is_asked_by_it() -> None:
    asked = [
        statement
        for text in texts()
        for statement in text.split(";")
        if re.search(r"WHERE tenant = :tenant", statement)
    ]
    assert {table for statement in asked for table in re.findall(r"FROM (\w+)", statement)} == {
        "halo_array_size",
        "halo_page_size",
    }
