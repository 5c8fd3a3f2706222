"""What the command needs from the environment: only the addresses of the servers that a subcommand uses."""

from pydantic import AmqpDsn, Field

from halosync.contracts.database_url import DatabaseUrl
from halosync.runtime.variables import EnvironmentSettings


class DatabaseSettings(EnvironmentSettings):
    """For the subcommands that read or write Postgres."""

    database_url: DatabaseUrl = Field(description="Where Postgres is: postgresql://user:password@host:port/database")


class BrokerSettings(EnvironmentSettings):
    """For the subcommands that publish."""

    amqp_url: AmqpDsn = Field(description="Where RabbitMQ is: amqp://user:password@host:port/vhost")
