"""Lines of one client, or of one customer without a client, are taken together."""

from dataclasses import replace

from halosync.domain.groups import Group, groups_of
from halosync.domain.matching import Matches, Unmatched, WhyNoClient

from .worlds import line

NOBODY = Unmatched(WhyNoClient.NO_SUCH_NAME, ("Nobody",))
LINES = [
    line(1, customer_id="C-2", customer_name="Beta"),
    line(2, customer_id="C-3", customer_name="Acme"),
    line(3, customer_id="C-1", customer_name="Beta"),
    line(4, customer_id="C-2", customer_name="Beta"),
]
MATCHES = Matches(
    names={"C-1": "Beta", "C-2": "Beta", "C-3": "Acme"},
    client_of={"C-2": 7, "C-1": 7},
    unmatched={"C-3": NOBODY},
    protected=frozenset(),
)


def test_a_group_has_the_lines_of_its_customers_in_their_order() -> None:
    first, second, third, fourth = LINES
    assert groups_of(LINES, MATCHES) == [
        Group(NOBODY, ("C-3",), ("Acme",), "Acme", [second]),
        Group(7, ("C-1", "C-2"), ("Beta", "Beta"), "Beta", [first, third, fourth]),
    ]


def test_customers_of_different_names_are_all_named() -> None:
    names = {**MATCHES.names, "C-2": "Alpha"}
    group = groups_of(LINES, replace(MATCHES, names=names))[1]
    assert (group.names, group.customer_name) == (("Beta", "Alpha"), "Beta, Alpha")
