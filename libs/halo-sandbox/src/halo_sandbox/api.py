"""What is below `/api/`: which handler answers which request."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from halo_sandbox import reads, writes
from halo_sandbox.exchange import Answer, Exchange, RefusedError, json_answer

Handler = TypeVar("Handler")


def answer(exchange: Exchange) -> Answer:
    """Handle a request to the API.

    Raises:
        RefusedError: the answer that says no: 404 for an unknown path, 405 for a method that Halo does not have there.
    """
    resource, slash, row_id = exchange.path.partition("/")
    if not slash:
        return _handler(_LISTS, resource, exchange.method)(exchange)
    handler = _handler(_ROWS, resource, exchange.method)
    if not (row_id.isascii() and row_id.isdigit()):
        raise RefusedError(404, {"Message": f"{resource} {row_id} was not found."})
    return handler(exchange, int(row_id))


def _authinfo(exchange: Exchange) -> Answer:
    """`GET /authinfo`, without a token: where to log in (halo-api section 1)."""
    return json_answer(
        200,
        {
            "auth_url": f"{exchange.base_url}/auth",
            "tenant_id": exchange.tenant.settings.tenant_name or exchange.tenant.name,
            **exchange.tenant.settings.odd_authinfo,
        },
    )


def _handler(table: Mapping[str, Mapping[str, Handler]], resource: str, method: str) -> Handler:
    methods = table.get(resource)
    if methods is None:
        raise RefusedError(404, {"Message": f"No HTTP resource was found that matches '{resource}'."})
    if method not in methods:
        raise RefusedError(405, {"Message": f"The requested resource does not support http method '{method}'."})
    return methods[method]


_LISTS: Mapping[str, Mapping[str, Callable[[Exchange], Answer]]] = {
    "authinfo": {"GET": _authinfo},
    "Client": {"GET": reads.clients},
    "SoftwareLicence": {"GET": reads.licences, "POST": writes.post},
}
_ROWS: Mapping[str, Mapping[str, Callable[[Exchange, int], Answer]]] = {
    "Client": {"GET": reads.client},
    "SoftwareLicence": {"GET": reads.licence, "DELETE": writes.delete},
}
