from halosync.domain.model import Client
from halosync.domain.suggestions import Suggestion, Suggestions
from hypothesis import given
from hypothesis import strategies as st

CLIENTS = [
    Client(1, "Contoso Pty Ltd"),
    Client(2, "Contosso"),
    Client(3, "Northwind Traders"),
    Client(4, "CONTOSO"),
    Client(5, "contoso"),
    Client(6, "Contoso Søns"),
    Client(7, "Contoso Nordic"),
]


def client_suggestions(clients: list[Client]) -> Suggestions:
    return Suggestions((client.id, client.name) for client in clients)


def test_the_nearest_names_come_first_and_strangers_not_at_all() -> None:
    found = client_suggestions(CLIENTS).best("Contoso & Søns")
    assert found[0].id == 6
    assert 3 not in {each.id for each in found}
    assert len(found) <= 5
    assert all(60 <= each.score <= 100 for each in found)


@given(st.permutations(CLIENTS))
def test_equal_names_are_in_the_order_of_their_ids_whatever_the_order_of_the_read(clients: list[Client]) -> None:
    found = client_suggestions(clients).best("contoso")
    assert found[:2] == [Suggestion(4, "CONTOSO", 100), Suggestion(5, "contoso", 100)]
    assert found == client_suggestions(CLIENTS).best("contoso")


def test_equal_names_are_in_the_order_of_their_ids_before_that_of_their_spelling() -> None:
    found = client_suggestions([Client(1, "CONTOSO"), Client(0, "contoso")]).best("contoso")
    assert [each.id for each in found] == [0, 1]


def test_as_many_as_are_asked_for_are_found() -> None:
    clients = [Client(number, f"Contoso {number}") for number in range(20)]
    assert len(client_suggestions(clients).best("contoso", limit=12)) == 12


def test_limit_and_cutoff() -> None:
    assert len(client_suggestions(CLIENTS).best("contoso", limit=1)) == 1
    assert client_suggestions(CLIENTS).best("zzz", cutoff=90) == []
    assert client_suggestions([]).best("contoso") == []
    assert [each.id for each in client_suggestions(CLIENTS).best("contoso", cutoff=100)] == [4, 5]
    assert client_suggestions([Client(1, "zzz")]).best("contoso", cutoff=0) == []


def test_a_licence_name_that_several_licences_have_is_suggested_once() -> None:
    found = Suggestions((None, name) for name in ["MS 365 BP", "MS 365 BP", "Backup"]).best("MS-365-BP")
    assert found == [Suggestion(None, "MS 365 BP", found[0].score)]
