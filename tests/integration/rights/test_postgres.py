"""Who may do what in Postgres: a table of cells, the forbidden ones included, on a server of the real kind."""

import re
from collections.abc import Iterable
from importlib import resources

import asyncpg
import pytest
from devstack.accounts import USERS, signed_in
from devstack.fixtures import PoolOf
from halosync.domain.accounts import WITH_A_ROLE, Account, Users
from halosync.store.grants import TooMightyError
from halosync.store.migrate import migrate
from halosync.store.pool import Pool

pytestmark = pytest.mark.integration

GRANTS = "libs/halosync/src/halosync/store/grants.sql"
TEXT = (resources.files("halosync.store") / "grants.sql").read_text("utf-8")
SECTION = re.compile(r"^-- (\w+)(?=:|$)", re.MULTILINE)
EVERYTHING = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")

AUTH, PLANNER, WRITER, REPORT_API, OPERATOR = WITH_A_ROLE
ONLY: dict[tuple[str, str], set[Account]] = {
    # (table, right): those that have it; nobody else has.
    ("oauth_token", "SELECT"): {AUTH},
    ("oauth_token", "INSERT"): {AUTH},
    ("oauth_token", "UPDATE"): {AUTH},
    ("oauth_token", "DELETE"): {AUTH},
    ("oauth_attempt", "SELECT"): {AUTH},
    ("oauth_attempt", "INSERT"): {AUTH},
    ("connection", "UPDATE"): {AUTH},
    ("connection", "INSERT"): {AUTH},
    ("api_key", "SELECT"): {REPORT_API, OPERATOR},
    ("api_key", "INSERT"): {REPORT_API, OPERATOR},
    ("portal_session", "SELECT"): {REPORT_API},
    ("partner", "INSERT"): {OPERATOR},
    ("partner", "UPDATE"): {REPORT_API, OPERATOR},
    ("invoice", "INSERT"): {PLANNER},
    ("invoice_line", "INSERT"): {PLANNER},
    ("invoice_line", "UPDATE"): set(),
    ("invoice_line", "DELETE"): {PLANNER, OPERATOR},
    ("item", "DELETE"): {PLANNER, OPERATOR},
    ("partner", "DELETE"): {OPERATOR},
    ("halo_licence", "DELETE"): {AUTH, PLANNER},
    ("audit_entry", "UPDATE"): set(),
    ("audit_entry", "DELETE"): set(),
    ("halo_licence", "INSERT"): {PLANNER, WRITER},
    ("item", "INSERT"): {PLANNER},
    ("item", "UPDATE"): {PLANNER, WRITER},
    ("batch", "INSERT"): {PLANNER, WRITER},
    ("dead_letter", "SELECT"): {PLANNER, OPERATOR},
    ("rate_lease", "INSERT"): {AUTH, PLANNER, WRITER},
    ("api_key", "UPDATE"): {REPORT_API, OPERATOR},
    ("api_key", "DELETE"): set(),
    ("oauth_attempt", "UPDATE"): {AUTH},
    ("oauth_attempt", "DELETE"): {AUTH},
    ("sealing_key", "SELECT"): {AUTH},
    ("sealing_key", "INSERT"): {AUTH},
    ("sealing_key", "UPDATE"): set(),
    ("sealing_key", "DELETE"): set(),
    ("connection", "DELETE"): set(),
    ("halo_alias", "INSERT"): {AUTH},
    ("halo_alias", "UPDATE"): {AUTH},
    ("halo_alias", "DELETE"): {AUTH},
    ("portal_session", "INSERT"): {REPORT_API},
    ("portal_session", "UPDATE"): {REPORT_API},
    ("portal_session", "DELETE"): {REPORT_API},
    ("person", "SELECT"): {REPORT_API, OPERATOR},
    ("person", "INSERT"): {REPORT_API, OPERATOR},
    ("person", "UPDATE"): {REPORT_API, OPERATOR},
    ("person", "DELETE"): {REPORT_API, OPERATOR},
    ("webhook", "SELECT"): {REPORT_API},
    ("webhook", "INSERT"): {REPORT_API},
    ("webhook", "UPDATE"): {REPORT_API},
    ("webhook", "DELETE"): {REPORT_API},
    ("audit_entry", "SELECT"): {REPORT_API, OPERATOR},
    ("audit_entry", "INSERT"): {AUTH, PLANNER, REPORT_API, OPERATOR},
    ("customer_link", "INSERT"): {REPORT_API},
    ("customer_link", "UPDATE"): {REPORT_API},
    ("product_link", "INSERT"): {REPORT_API},
    ("product_link", "UPDATE"): {REPORT_API},
    ("kept_licence", "DELETE"): {REPORT_API},
    ("run", "INSERT"): {PLANNER, REPORT_API, OPERATOR},
    ("run", "DELETE"): set(),
    ("invoice", "UPDATE"): {PLANNER},
    ("invoice", "DELETE"): set(),
    ("month_closing", "INSERT"): {REPORT_API},
    ("month_closing", "UPDATE"): set(),
    ("month_closing", "DELETE"): set(),
    ("dead_letter", "INSERT"): {PLANNER},
    ("dead_letter", "DELETE"): set(),
    ("migration", "INSERT"): set(),
    ("migration", "UPDATE"): set(),
    ("migration", "DELETE"): set(),
    ("migration", "SELECT"): set(WITH_A_ROLE),
}
REFUSED = [
    # What each would try, and must not be able to: statements, not only rights.
    (PLANNER, "SELECT access_token FROM oauth_token"),
    (WRITER, "SELECT access_token FROM oauth_token"),
    (REPORT_API, "SELECT access_token FROM oauth_token"),
    (OPERATOR, "SELECT access_token FROM oauth_token"),
    (REPORT_API, "SELECT code_verifier FROM oauth_attempt"),
    (PLANNER, "SELECT private_key FROM sealing_key"),
    (REPORT_API, "SELECT private_key FROM sealing_key"),
    (REPORT_API, "INSERT INTO sealing_key (public_key, private_key) VALUES ('mine', '')"),
    (AUTH, "UPDATE sealing_key SET public_key = 'mine'"),
    (REPORT_API, "UPDATE connection SET tenant = 'victim'"),
    (REPORT_API, "UPDATE item SET halo_client_id = 1"),
    (REPORT_API, "UPDATE audit_entry SET actor = 'somebody else'"),
    (WRITER, "UPDATE partner SET auto_sync = true"),
    (WRITER, "SELECT key_hash FROM api_key"),
    (AUTH, "SELECT key_hash FROM api_key"),
    (AUTH, "INSERT INTO halo_client VALUES ('p', 1, 'n', false)"),
    (PLANNER, "DELETE FROM audit_entry"),
    (PLANNER, "CREATE TABLE mine (a int)"),
    (PLANNER, "CREATE TEMPORARY TABLE mine (a int)"),
    (REPORT_API, "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'"),
    (OPERATOR, "ALTER TABLE partner ADD COLUMN mine int"),
    (OPERATOR, "CREATE ROLE mine"),
    (AUTH, "SELECT rolpassword FROM pg_authid"),
]


@pytest.fixture
async def migrated(database_url: str) -> str:
    """The database after a migration of its own: rights to a database are not copied with it."""
    await migrate(database_url, USERS)
    return database_url


async def rights(pool: Pool, table: str, right: str) -> set[Account]:
    """Return who has a right to a whole table."""
    return {
        account
        for account in WITH_A_ROLE
        if await pool.fetchval("SELECT has_table_privilege($1, $2, $3)", USERS.name(account), table, right)
    }


async def test_every_table_and_view_has_its_section(pool: Pool) -> None:
    rows = await pool.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'm', 'p')"
    )
    there, decided = {row["relname"] for row in rows}, set(SECTION.findall(TEXT))
    undecided = sorted(there - decided)
    assert not undecided, f"decide in {GRANTS} who may do what with {', '.join(undecided)}, each in its own section"
    assert not decided - there, f"{GRANTS} names what is not there"


async def test_nobody_has_a_right_that_the_table_of_cells_forbids(pool: Pool) -> None:
    found = {cell: await rights(pool, *cell) for cell in ONLY}
    assert found == ONLY


async def test_of_an_attempt_all_may_be_read_but_what_is_auths(pool: Pool) -> None:
    """A new column of it needs a decision too: who shows attempts names the columns."""
    rows = await pool.fetch(
        """SELECT attname FROM pg_attribute
        WHERE attrelid = 'oauth_attempt'::regclass AND attnum > 0 AND NOT attisdropped
          AND NOT has_column_privilege($1, attrelid, attnum, 'SELECT')""",
        USERS.name(REPORT_API),
    )
    assert {row["attname"] for row in rows} == {"code_verifier", "begun_by", "begun_by_key_id", "begun_by_operator"}


async def test_nobody_may_empty_a_table_or_hang_something_on_it(pool: Pool) -> None:
    rows = await pool.fetch(
        """SELECT c.relname, r.rolname, p.name FROM pg_class c, pg_roles r, unnest(CAST($1 AS text[])) AS p(name)
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v') AND r.rolname = ANY($2)
          AND has_table_privilege(r.oid, c.oid, p.name)""",
        EVERYTHING[4:],
        [USERS.name(account) for account in WITH_A_ROLE],
    )
    assert rows == []


async def test_nobody_is_more_than_a_role_that_signs_in(pool: Pool) -> None:
    rows = await pool.fetch(
        """SELECT rolname, rolcanlogin AND NOT (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication
            OR rolbypassrls) AND NOT EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid) AS plain
        FROM pg_roles r WHERE rolname LIKE $1""",
        f"{USERS.prefix}\\_%",
    )
    assert {row["rolname"]: row["plain"] for row in rows} == {USERS.name(account): True for account in WITH_A_ROLE}


async def test_what_is_not_granted_is_refused(migrated: str, pool_of: PoolOf) -> None:
    assert migrated
    pools = {account: await pool_of(account) for account in {account for account, _ in REFUSED}}
    allowed = [statement for account, statement in REFUSED if not await refused(pools[account], statement)]
    assert allowed == []


async def refused(pool: Pool, statement: str) -> bool:
    try:
        await pool.execute(statement)
    except asyncpg.InsufficientPrivilegeError:
        return True
    return False


async def test_a_stranger_does_not_get_into_the_database(pool: Pool, migrated: str) -> None:
    await pool.execute("DROP ROLE IF EXISTS stranger_of_the_test")
    await pool.execute("CREATE ROLE stranger_of_the_test LOGIN PASSWORD 'x'")
    try:
        url = signed_in(migrated, AUTH).replace(f"{USERS.name(AUTH)}:{USERS.passwords[AUTH]}", "stranger_of_the_test:x")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asyncpg.connect(url)
    finally:
        await pool.execute("DROP ROLE stranger_of_the_test")


async def test_a_right_that_somebody_added_by_hand_is_gone_after_the_next_migration(
    pool: Pool, database_url: str
) -> None:
    await pool.execute(f"GRANT SELECT ON oauth_token TO {USERS.name(PLANNER)}")
    await pool.execute(f"GRANT SELECT (access_token) ON oauth_token TO {USERS.name(WRITER)}")
    migrated = await migrate(database_url, USERS)
    assert set(migrated.roles) == {USERS.name(account) for account in WITH_A_ROLE}
    assert await rights(pool, "oauth_token", "SELECT") == {AUTH}
    assert not await pool.fetchval("SELECT has_any_column_privilege($1, 'oauth_token', 'SELECT')", USERS.name(WRITER))


async def test_a_role_without_a_password_is_told_and_a_superuser_is_refused(pool: Pool, database_url: str) -> None:
    users = Users("devstack_test_rights")
    names = [users.name(account) for account in WITH_A_ROLE]
    try:
        migrated = await migrate(database_url, users)
        assert list(migrated.without_password) == sorted(names)
        await pool.execute(f"ALTER ROLE {users.name(PLANNER)} CREATEROLE")
        with pytest.raises(TooMightyError, match=users.name(PLANNER)):
            await migrate(database_url, users)
    finally:
        await drop(pool, names)


async def drop(pool: Pool, names: Iterable[str]) -> None:
    for name in names:
        await pool.execute(f"DROP OWNED BY {name}")
        await pool.execute(f"DROP ROLE {name}")
