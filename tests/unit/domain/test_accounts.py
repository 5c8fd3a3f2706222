"""The names of users say who is who."""

from halosync.domain.accounts import SERVICES, WITH_A_ROLE, Account, ProcessUser, Users
from hypothesis import given
from hypothesis import strategies as st

accounts = st.sampled_from(Account)


def test_a_users_name_is_its_prefix_and_its_service() -> None:
    assert Users().name(Account.HALO_WRITER) == "halosync_halo_writer"
    assert Users("acme").name(Account.AUTH) == "acme_auth"


def test_a_service_names_the_users_of_the_others_as_its_own() -> None:
    assert ProcessUser(Account.AUTH, "acme_auth").user_of(Account.HALO_WRITER) == "acme_halo_writer"
    assert ProcessUser(Account.AUTH, "guest").user_of(Account.HALO_WRITER) == "guest"


@given(prefix=st.text(min_size=1), me=accounts, other=accounts)
def test_whoever_has_a_user_of_its_own_knows_the_others(prefix: str, me: Account, other: Account) -> None:
    users = Users(prefix)
    signed_in = ProcessUser(me, users.name(me))
    assert signed_in.alone
    assert signed_in.user_of(other) == users.name(other)


@given(me=accounts, other=accounts, name=st.sampled_from(["guest", "halosync", "", "_auth", "_planner", "auth"]))
def test_a_user_that_is_nobodys_own_is_everybodys(me: Account, other: Account, name: str) -> None:
    signed_in = ProcessUser(me, name)
    assert not signed_in.alone
    assert signed_in.user_of(other) == name


def test_one_services_user_is_not_anothers() -> None:
    assert not ProcessUser(Account.PLANNER, "halosync_auth").alone


def test_the_command_is_the_operator_or_whose_own_its_user_is() -> None:
    assert ProcessUser.of_command("halosync_invoices") == ProcessUser(Account.INVOICES, "halosync_invoices")
    for anybody in ("halosync_operator", "guest", "_invoices"):
        assert ProcessUser.of_command(anybody) == ProcessUser(Account.OPERATOR, anybody)


def test_passwords_do_not_show() -> None:
    assert "s3cret" not in repr(Users("x", {Account.AUTH: "s3cret"}))


def test_the_invoice_system_has_no_role_and_the_operator_is_no_service() -> None:
    assert set(Account) - set(WITH_A_ROLE) == {Account.INVOICES}
    assert set(WITH_A_ROLE) - set(SERVICES) == {Account.OPERATOR}
