"""The control surface from Python, for tests, benchmarks and the demonstration."""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import httpx

from halo_sandbox.json_object import JsonObject

_LOAD_TIMEOUT_S = 60.0


class SandboxAdmin:
    """All calls of the control surface, asynchronous.

    Every call raises `httpx.HTTPStatusError` for an answer that is no success; its text holds what did not fit.
    """

    def __init__(self, base_url: str, http: httpx.AsyncClient | None = None) -> None:
        """Make a client; use it as an async context manager, or close it by `close`.

        Args:
            base_url: Where the sandbox is, without a tenant.
            http: A client to use instead of one of its own.
        """
        self.base_url = base_url.rstrip("/")
        self._http = http or httpx.AsyncClient(timeout=_LOAD_TIMEOUT_S)

    async def __aenter__(self) -> Self:
        """Return itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    def url(self, tenant: str) -> str:
        """The base URL of a tenant's own Halo."""
        return f"{self.base_url}/{tenant}"

    async def healthy(self) -> bool:
        """Whether the sandbox answers."""
        try:
            return (await self._http.get(f"{self.base_url}/healthz")).is_success
        except httpx.TransportError:
            return False

    # Tenants

    async def tenants(self) -> list[str]:
        """The names of all tenants."""
        return list(await self._call("GET", ""))

    async def put_tenant(
        self,
        tenant: str,
        *,
        applications: Sequence[JsonObject] = (),
        clients: Sequence[JsonObject] = (),
        licences: Sequence[JsonObject] = (),
        settings: JsonObject | None = None,
    ) -> JsonObject:
        """Create or replace a tenant; the forms are those of `seeds.TenantSeed`. Returns its summary."""
        body = {
            "applications": list(applications),
            "clients": list(clients),
            "licences": list(licences),
            "settings": dict(settings or {}),
        }
        return dict(await self._call("PUT", f"/{tenant}", body))

    async def tenant(self, tenant: str) -> JsonObject:
        """The tenant's summary: `applications, clients, licences, history, requests` (numbers) and `settings`."""
        return dict(await self._call("GET", f"/{tenant}"))

    async def change_settings(self, tenant: str, **changes: Any) -> JsonObject:
        """Change settings (`settings.TenantSettings`) from now on. Returns the summary."""
        return dict(await self._call("PATCH", f"/{tenant}", changes))

    async def delete_tenant(self, tenant: str) -> None:
        """Remove a tenant."""
        await self._call("DELETE", f"/{tenant}")

    # Rows, as a person working in Halo sees and changes them

    async def clients(self, tenant: str) -> list[JsonObject]:
        """All clients."""
        return list(await self._call("GET", f"/{tenant}/clients"))

    async def add_clients(self, tenant: str, *clients: JsonObject) -> list[JsonObject]:
        """Add clients: `{"name", "id"?, "inactive"?}`."""
        return list(await self._call("POST", f"/{tenant}/clients", list(clients)))

    async def licences(self, tenant: str, *, client_id: int | None = None, deleted: bool = False) -> list[JsonObject]:
        """All licences, active or not, of one client or of all; the deleted ones too when asked."""
        query: dict[str, str | int] = {"deleted": str(deleted).lower(), "client_id": client_id or 0}
        return list(await self._call("GET", f"/{tenant}/licences", query=query))

    async def add_licences(self, tenant: str, *licences: JsonObject) -> list[JsonObject]:
        """Add licences (`seeds.LicenceSeed`). Returns them with their ids."""
        return list(await self._call("POST", f"/{tenant}/licences", list(licences)))

    async def change_licence(self, tenant: str, licence_id: int, **changes: Any) -> JsonObject:
        """Change fields of a licence."""
        return dict(await self._call("PATCH", f"/{tenant}/licences/{licence_id}", changes))

    async def delete_licence(self, tenant: str, licence_id: int) -> None:
        """Delete a licence."""
        await self._call("DELETE", f"/{tenant}/licences/{licence_id}")

    async def recurring_lines(self, tenant: str) -> list[JsonObject]:
        """The lines of recurring invoices: `{id, licence_id, billed}`; `billed` is None once the licence is deleted."""
        return list(await self._call("GET", f"/{tenant}/recurring-lines"))

    async def add_recurring_lines(self, tenant: str, *licence_ids: int) -> list[JsonObject]:
        """Let a line of a recurring invoice bill each of these licences."""
        return list(await self._call("POST", f"/{tenant}/recurring-lines", [{"licence_id": n} for n in licence_ids]))

    # What happened

    async def history(self, tenant: str, *, since: int = 0) -> list[JsonObject]:
        """Every effect on a licence after the n-th: `{n, at, request, effect, before, after}`."""
        return list(await self._call("GET", f"/{tenant}/history", query={"since": since}))

    async def duplicates(self, tenant: str) -> list[JsonObject]:
        """Each client and name that ever had two licences at once: `{client_id, name, ids, at, request}`."""
        return list(await self._call("GET", f"/{tenant}/duplicates"))

    async def requests(self, tenant: str, *, since: int = 0) -> list[JsonObject]:
        """The request log after the n-th (`request_log.LoggedRequest`)."""
        return list(await self._call("GET", f"/{tenant}/requests", query={"since": since}))

    # Tokens and limit

    async def issue_tokens(self, tenant: str, client_id: str, scope: str = "all offline_access") -> JsonObject:
        """Tokens without a browser: the answer that the token endpoint gives."""
        return dict(await self._call("POST", f"/{tenant}/tokens", {"client_id": client_id, "scope": scope}))

    async def revoke_tokens(self, tenant: str) -> None:
        """End all tokens: the next refresh is `invalid_grant`."""
        await self._call("POST", f"/{tenant}/tokens/revoke")

    async def expire_tokens(self, tenant: str) -> None:
        """End all access tokens; a refresh brings new ones."""
        await self._call("POST", f"/{tenant}/tokens/expire")

    async def foreign_requests(self, tenant: str, n: int) -> None:
        """Use up the limit by n requests, as other software of the partner would."""
        await self._call("POST", f"/{tenant}/foreign-requests", {"n": n})

    # Faults

    async def add_fault(
        self, tenant: str, *, match: JsonObject | None = None, times: int | None = 1, **action: Any
    ) -> int:
        """Let requests meet a fault.

        Args:
            tenant: Whose requests.
            match: Which requests (`faults.Match`): `{"method"?, "path"?, "row_name"?, "nth"?}`; all when left out.
            times: How many of them; None: all from then on.
            **action: What happens (`faults.Action`), for example `drop_after=True` or `status=503, apply=True`.

        Returns:
            The id of the fault.
        """
        body = {"match": dict(match or {}), "times": times, "action": action}
        return int((await self._call("POST", f"/{tenant}/faults", body))["id"])

    async def faults(self, tenant: str) -> list[JsonObject]:
        """All faults, used up or not: `{id, kind, matched, hits, match, times, action}`."""
        return list(await self._call("GET", f"/{tenant}/faults"))

    async def delete_fault(self, tenant: str, fault_id: int) -> None:
        """Remove a fault."""
        await self._call("DELETE", f"/{tenant}/faults/{fault_id}")

    async def clear_faults(self, tenant: str) -> None:
        """Remove all faults."""
        await self._call("DELETE", f"/{tenant}/faults")

    async def _call(
        self, method: str, path: str, body: object = None, query: Mapping[str, str | int] | None = None
    ) -> Any:
        response = await self._http.request(method, f"{self.base_url}/admin/tenants{path}", json=body, params=query)
        if response.is_error:
            raise httpx.HTTPStatusError(
                f"{method} {path}: {response.status_code} {response.text}", request=response.request, response=response
            )
        return response.json() if response.content else None
