from halosync.domain.matching import match_customers
from halosync.domain.model import Client, CustomerLink, Reason

from .worlds import line


def test_names_of_one_customer_are_candidates_together() -> None:
    lines = [line(1, customer_name="Old name"), line(2, customer_name="New name")]
    renamed = match_customers(lines, [Client(7, "new NAME"), Client(8, "Else")], {})
    assert renamed.client_of == {"C-1": 7}
    both = match_customers(lines, [Client(7, "new NAME"), Client(8, "old name")], {})
    assert both.unmatched["C-1"].reason is Reason.CUSTOMER_AMBIGUOUS
    assert "#7, #8" in both.unmatched["C-1"].detail


def test_an_inactive_client_is_a_candidate_like_any_other() -> None:
    assert match_customers([line()], [Client(7, "Contoso", inactive=True)], {}).client_of == {"C-1": 7}
    twins = [Client(7, "Contoso", inactive=True), Client(8, "Contoso")]
    assert match_customers([line()], twins, {}).unmatched["C-1"].reason is Reason.CUSTOMER_AMBIGUOUS


def test_a_link_settles_what_names_cannot() -> None:
    twins = [Client(7, "Contoso"), Client(8, "Contoso")]
    assert match_customers([line()], twins, {"C-1": CustomerLink(8)}).client_of == {"C-1": 8}


def test_a_link_to_a_client_that_is_gone_is_never_replaced_by_the_name() -> None:
    matches = match_customers([line()], [Client(7, "Contoso")], {"C-1": CustomerLink(99)})
    assert matches.client_of == {}
    assert matches.unmatched["C-1"].reason is Reason.CUSTOMER_NOT_FOUND
    assert "#99 is no longer in Halo" in matches.unmatched["C-1"].detail


def test_a_link_without_client_is_no_link() -> None:
    assert match_customers([line()], [Client(7, "Contoso")], {"C-1": CustomerLink()}).client_of == {"C-1": 7}


def test_every_client_that_an_excluded_customer_could_be_is_protected() -> None:
    twins = [Client(7, "Contoso"), Client(8, "CONTOSO"), Client(9, "Else")]
    by_name = match_customers([line()], twins, {"C-1": CustomerLink(excluded=True)})
    assert by_name.protected == {7, 8}
    assert by_name.unmatched["C-1"].reason is Reason.CUSTOMER_EXCLUDED
    by_link = match_customers([line()], twins, {"C-1": CustomerLink(9, excluded=True)})
    assert by_link.protected == {9}


def test_an_excluded_link_protects_its_client_although_the_invoice_does_not_name_the_customer() -> None:
    links = {"C-2": CustomerLink(7, excluded=True), "C-3": CustomerLink(excluded=True), "C-4": CustomerLink(8)}
    assert match_customers([line()], [Client(7, "Contoso")], links).protected == {7}
