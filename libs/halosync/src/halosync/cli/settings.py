"""What the command needs from the environment: only the addresses of the servers that a subcommand uses."""

from pydantic import Field, HttpUrl, SecretStr
from pydantic_settings import SettingsConfigDict

from halosync.contracts.amqp_url import AmqpUrl
from halosync.contracts.database_url import DatabaseUrl
from halosync.domain.accounts import Account, Users
from halosync.runtime.settings import DelaySettings
from halosync.runtime.variables import EnvironmentSettings


class DatabaseSettings(EnvironmentSettings):
    """For the subcommands that read or write Postgres."""

    database_url: DatabaseUrl = Field(description="Where Postgres is: postgresql://user:password@host:port/database")


class BrokerSettings(EnvironmentSettings):
    """For the subcommands that publish."""

    amqp_url: AmqpUrl = Field(description="Where RabbitMQ is: amqp://user:password@host:port/vhost")


class BrokerOrNone(EnvironmentSettings):
    """For the subcommands that look at RabbitMQ if they are told where it is."""

    amqp_url: AmqpUrl | None = Field(default=None, description=BrokerSettings.model_fields["amqp_url"].description)


class AdministratorSettings(DelaySettings):
    """For `migrate`: the administrators of the servers, and the users that it makes for the services.

    A password that is not given is left as the server has it.
    """

    model_config = SettingsConfigDict(hide_input_in_errors=True)

    admin_database_url: DatabaseUrl | None = Field(
        default=None, description="Postgres with an account that owns the tables and may create roles"
    )
    admin_amqp_url: AmqpUrl | None = Field(
        default=None, description="RabbitMQ with a user that is tagged administrator, and the services' virtual host"
    )
    admin_amqp_management_url: HttpUrl | None = Field(
        default=None, description="Its management API, if that is not on the usual port of the same host"
    )
    user_prefix: str = Field(
        default="halosync",
        pattern="^[a-z][a-z0-9_]{0,39}$",
        description="What the names of users and roles begin with: halosync_auth, halosync_planner",
    )
    auth_password: SecretStr | None = None
    planner_password: SecretStr | None = None
    halo_writer_password: SecretStr | None = None
    report_api_password: SecretStr | None = None
    operator_password: SecretStr | None = None
    invoices_password: SecretStr | None = None

    @property
    def users(self) -> Users:
        """The users to make, with the passwords that are given."""
        given = {account: getattr(self, f"{account.name.lower()}_password") for account in Account}
        return Users(
            self.user_prefix,
            {account: password.get_secret_value() for account, password in given.items() if password is not None},
        )
