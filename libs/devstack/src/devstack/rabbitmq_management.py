"""RabbitMQ's management API: virtual hosts in milliseconds, where `rabbitmqctl` starts an Erlang machine each time."""

from urllib.parse import quote, unquote, urlsplit

import httpx

from devstack.errors import DevstackError

MANAGEMENT_PORT = 15672


class Management:
    """The API of one server, with the account of its AMQP URL."""

    def __init__(self, amqp_url: str, management_url: str | None = None) -> None:
        parts = urlsplit(amqp_url)
        self._amqp = parts
        self._user, self._password = unquote(parts.username or "guest"), unquote(parts.password or "guest")
        self.url = (management_url or f"http://{parts.hostname}:{MANAGEMENT_PORT}").rstrip("/")

    async def answers(self) -> bool:
        """Whether the API is up and knows the account."""
        try:
            return (await self._call("GET", "/api/overview")).status_code == 200
        except httpx.TransportError:
            return False

    async def version(self) -> str:
        """Return the version of the server."""
        answer = await self._call("GET", "/api/overview")
        return str(answer.json()["rabbitmq_version"])

    async def create_vhost(self, name: str) -> str:
        """Create a virtual host that the account may use, and return its AMQP URL."""
        vhost, user = quote(name, safe=""), quote(self._user, safe="")
        await self._do("PUT", f"/api/vhosts/{vhost}")
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        await self._do("PUT", f"/api/permissions/{vhost}/{user}", everything)
        return self._amqp._replace(path=f"/{vhost}").geturl()

    async def delete_vhost(self, name: str) -> None:
        """Delete a virtual host with everything in it; connections to it are closed by the server."""
        await self._do("DELETE", f"/api/vhosts/{quote(name, safe='')}", missing_is_fine=True)

    async def take_permission(self, vhost: str, user: str) -> None:
        """Take from a user every permission on a virtual host; what connections it has stay as they are."""
        await self._do("DELETE", f"/api/permissions/{quote(vhost, safe='')}/{quote(user, safe='')}")

    async def _do(
        self, method: str, path: str, body: dict[str, str] | None = None, *, missing_is_fine: bool = False
    ) -> None:
        try:
            response = await self._call(method, path, body)
        except httpx.TransportError as error:
            raise DevstackError(
                f"RabbitMQ's management API does not answer at {self.url} ({error}). Virtual hosts are made with it: "
                "enable it by `rabbitmq-plugins enable rabbitmq_management`, or give another address in "
                "HALOSYNC_DEVSTACK_AMQP_MANAGEMENT_URL."
            ) from error
        if response.is_success or (missing_is_fine and response.status_code == 404):
            return
        raise DevstackError(f"{method} {self.url}{path} was answered {response.status_code}: {response.text[:300]}")

    async def _call(self, method: str, path: str, body: dict[str, str] | None = None) -> httpx.Response:
        # A client for each call: it outlives no event loop and no restart of the server. No proxy: it is a near server.
        credentials = httpx.BasicAuth(self._user, self._password)
        async with httpx.AsyncClient(base_url=self.url, auth=credentials, trust_env=False, timeout=20.0) as client:
            return await client.request(method, path, json=body)
