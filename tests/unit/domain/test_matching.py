import pytest
from halosync.domain.item_sentences import client_inactive, customer_ambiguous, customer_not_found
from halosync.domain.look_alikes import differences
from halosync.domain.matching import Unmatched, WhyNoClient, match_customers
from halosync.domain.model import Client, Reason
from halosync.domain.plan import CustomerLink

from .worlds import line


def test_names_of_one_customer_are_candidates_together() -> None:
    lines = [line(1, customer_name="Old name"), line(2, customer_name="New name")]
    renamed = match_customers(lines, [Client(7, "new NAME"), Client(8, "Else")], {})
    assert renamed.client_of == {"C-1": 7}
    both = match_customers(lines, [Client(7, "new NAME"), Client(8, "old name")], {})
    assert both.unmatched["C-1"].reason is Reason.CUSTOMER_AMBIGUOUS
    assert "#7, #8" in both.unmatched["C-1"].sentence()


def test_of_clients_of_one_name_the_only_active_one_is_taken() -> None:
    twins = [Client(7, "Contoso", inactive=True), Client(8, "Contoso"), Client(9, "contoso", inactive=True)]
    assert match_customers([line()], twins, {}).client_of == {"C-1": 8}
    active = [Client(6, "Contoso"), *twins]
    unmatched = match_customers([line()], active, {}).unmatched["C-1"]
    assert unmatched.reason is Reason.CUSTOMER_AMBIGUOUS
    assert unmatched.sentence() == customer_ambiguous(["Contoso"], [6, 8])


def test_an_inactive_client_is_taken_only_when_a_link_says_so() -> None:
    asleep = [Client(7, "Contoso", inactive=True), Client(9, "CONTOSO", inactive=True)]
    unmatched = match_customers([line()], asleep, {}).unmatched["C-1"]
    assert unmatched.reason is Reason.CUSTOMER_NOT_FOUND
    assert unmatched.sentence() == client_inactive(["Contoso"], [7, 9])
    assert match_customers([line()], asleep, {"C-1": CustomerLink(9)}).client_of == {"C-1": 9}


@pytest.mark.parametrize(
    ("customer", "client", "difference"),
    [
        ("Contoso", "Con\u200btoso", "an invisible character"),
        ("Con\ufefftoso", "Contoso", "an invisible character"),
        ("Contoso", "Con\u00adtoso", "a soft hyphen"),
        ("O'Brien", "O\u2019Brien", "another kind of apostrophe"),
        ("O\u00b4Brien", "o'brien", "another kind of apostrophe"),
        ("Smith-Jones", "Smith\u2011Jones", "another kind of hyphen"),
        ("Smith\u2013Jones", "SMITH-JONES", "another kind of hyphen"),
        ('The "Inn"', "The \u201cInn\u201d", "another kind of quotation mark"),
    ],
)
def test_a_look_alike_is_named_with_its_id_and_what_differs_and_is_never_taken(
    customer: str, client: str, difference: str
) -> None:
    matches = match_customers([line(customer_name=customer)], [Client(7, client), Client(8, "Other")], {})
    assert matches.client_of == {}
    assert matches.unmatched["C-1"].reason is Reason.CUSTOMER_NOT_FOUND
    detail = matches.unmatched["C-1"].sentence()
    assert f'#7 "{client}"' in detail
    assert difference in detail
    assert [(number, name) for number, name, _ in matches.unmatched["C-1"].alike] == [(7, client)]
    assert "Do not create a second client" in detail
    assert "#8" not in detail


def test_what_differs_is_said_in_these_words() -> None:
    assert differences("a'b-c\"d\u00ad\u200b", "a\u2019b\u2011c\u201dd") == [
        "an invisible character (a zero-width space or the like)",
        "a soft hyphen, which is not shown",
        "another kind of apostrophe",
        "another kind of hyphen",
        "another kind of quotation mark",
    ]


def test_a_name_in_halo_that_is_the_customers_own_is_no_look_alike() -> None:
    clients = [Client(7, "Con\u00adtoso"), Client(8, "Contoso")]
    assert match_customers([line()], clients, {}).client_of == {"C-1": 8}


def test_names_that_look_alike_and_differ_in_nothing_known_say_so() -> None:
    # A fullwidth apostrophe is the plain one after NFKC, but not the typographic one.
    assert differences("Contoso", "contoso") == []
    assert differences("Contoso", "ContosoX") == []
    assert "spelt with other characters" in customer_not_found(["Contoso"], [(7, "x", [])])


def test_a_link_settles_what_names_cannot() -> None:
    twins = [Client(7, "Contoso"), Client(8, "Contoso")]
    assert match_customers([line()], twins, {"C-1": CustomerLink(8)}).client_of == {"C-1": 8}


def test_a_link_to_a_client_that_is_gone_is_never_replaced_by_the_name() -> None:
    matches = match_customers([line()], [Client(7, "Contoso")], {"C-1": CustomerLink(99)})
    assert matches.client_of == {}
    assert matches.unmatched["C-1"].reason is Reason.CUSTOMER_NOT_FOUND
    assert "#99 is no longer in Halo" in matches.unmatched["C-1"].sentence()


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
    links = {
        "C-0": CustomerLink(6),
        "C-2": CustomerLink(7, excluded=True),
        "C-3": CustomerLink(excluded=True),
        "C-4": CustomerLink(8),
    }
    assert match_customers([line()], [Client(7, "Contoso")], links).protected == {7}


@pytest.mark.parametrize(
    "unmatched",
    [
        Unmatched(WhyNoClient.LINKED_CLIENT_GONE, ("Contoso",), (7,)),
        Unmatched(WhyNoClient.SEVERAL_CLIENTS, ("Contoso",), (7, 8)),
        Unmatched(WhyNoClient.ONLY_INACTIVE, ("Contoso",), (7,)),
        Unmatched(WhyNoClient.NO_SUCH_NAME, ("Contoso",), alike=((7, "C\u00f3ntoso", ()),)),
    ],
    ids=lambda unmatched: unmatched.why.name,
)
def test_a_page_that_links_customers_says_the_same_without_where_it_is(unmatched: Unmatched) -> None:
    assert unmatched.sentence().replace(" on the Customers tab", "") == unmatched.sentence(linking=True)
    assert "on the Customers tab" in unmatched.sentence()


def test_what_a_page_offers_beside_every_customer_is_not_said_again() -> None:
    unmatched = Unmatched(WhyNoClient.NO_SUCH_NAME, ("Contoso",))
    assert unmatched.sentence(linking=True) == 'No client in Halo is called "Contoso".'
    assert unmatched.sentence().startswith(f"{unmatched.sentence(linking=True)} Create the client in Halo, or link")
