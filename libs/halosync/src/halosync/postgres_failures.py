"""What Postgres and its driver raise. The driver's own failures are no `asyncpg.PostgresError`; lists forget them."""

import asyncpg

_OF_THE_DRIVER: tuple[type[Exception], ...] = (
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that was ended in the middle of a statement
)

POSTGRES_FAILURES: tuple[type[Exception], ...] = (asyncpg.PostgresError, *_OF_THE_DRIVER)
"""Everything: what Postgres refuses, and what the driver cannot do. Without `OSError`, which is the network's."""

CONNECTION_LOST: tuple[type[Exception], ...] = (
    asyncpg.PostgresConnectionError,
    *_OF_THE_DRIVER,
    asyncpg.OperatorInterventionError,
    OSError,
)
"""A connection that is of no use any more; nobody knows whether its transaction was committed."""

PASSING: tuple[type[Exception], ...] = (
    asyncpg.PostgresConnectionError,
    *_OF_THE_DRIVER,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.IdleSessionTimeoutError,
    asyncpg.InsufficientResourcesError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.LockNotAvailableError,
    asyncpg.CannotConnectNowError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InvalidAuthorizationSpecificationError,  # a password is being changed
    # A right or a migration is missing, which an administrator makes good by `halosync migrate`.
    asyncpg.InsufficientPrivilegeError,
    asyncpg.UndefinedTableError,
    asyncpg.UndefinedColumnError,
    asyncpg.UndefinedFunctionError,
    asyncpg.UndefinedObjectError,
    asyncpg.InvalidCatalogNameError,
    TimeoutError,
    OSError,
)
"""Failures of our own parts that pass: by themselves, or by an operator's hand. They say nothing of a message.

A table that is not there is one: the schema is another version's, and will fit (`halosync.store.schema_fit`)."""
