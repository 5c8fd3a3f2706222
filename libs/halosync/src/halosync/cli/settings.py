"""What the command needs from the environment: only the addresses of the servers that a subcommand uses."""

from pydantic import AmqpDsn, Field, PostgresDsn
from pydantic_settings import BaseSettings, SettingsConfigDict

from halosync.runtime.settings import PREFIX


class DatabaseSettings(BaseSettings):
    """For the subcommands that read or write Postgres."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", extra="ignore")

    database_url: PostgresDsn = Field(description="Where Postgres is: postgresql://user:password@host:port/database")


class BrokerSettings(BaseSettings):
    """For the subcommands that publish."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", extra="ignore")

    amqp_url: AmqpDsn = Field(description="Where RabbitMQ is: amqp://user:password@host:port/vhost")
