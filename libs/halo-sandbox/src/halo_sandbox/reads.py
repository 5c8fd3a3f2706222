"""`GET` of clients and licences (halo-api sections 2 and 3)."""

from collections.abc import Callable, Mapping, Sequence

from halo_sandbox import scopes
from halo_sandbox.exchange import Answer, Exchange, RefusedError
from halo_sandbox.index import ListKey
from halo_sandbox.model import Client, Licence
from halo_sandbox.odd_rows import odd_row
from halo_sandbox.paging import cut, page_query, whole
from halo_sandbox.rights import require, require_visible


def clients(exchange: Exchange) -> Answer:
    """`GET /Client`: a page of clients."""
    require(exchange, scopes.READ_CLIENTS)
    tenant, query = exchange.tenant, exchange.query
    page = page_query(query, tenant.settings)
    ids = _wanted(exchange, tenant.client_list(include_inactive=_flag(query, "includeinactive")), tenant.clients.get)
    if unlisted := tenant.settings.unlisted_clients:
        ids = [row_id for row_id in ids if row_id not in unlisted]
    ignores_number = "clients" in tenant.settings.ignored_page_no
    shown, record_count = cut(ids, page, exchange.hit, tenant.settings, ignores_number=ignores_number)
    head = f'{{"record_count":{record_count},"page_no":{page.number},"page_size":{page.size},"clients":'
    return _list(exchange, head, [tenant.client_json(row_id) for row_id in shown])


def client(exchange: Exchange, client_id: int) -> Answer:
    """`GET /Client/{id}`."""
    require(exchange, scopes.READ_CLIENTS)
    if client_id not in exchange.tenant.clients:
        raise RefusedError(404, {"Message": f"Client {client_id} was not found."})
    require_visible(exchange, client_id)
    return Answer(200, exchange.tenant.client_json(client_id).encode(), rows=1)


def licences(exchange: Exchange) -> Answer:
    """`GET /SoftwareLicence`: a page of licences, of one client or of all."""
    require(exchange, scopes.READ_LICENCES)
    tenant, query, store = exchange.tenant, exchange.query, exchange.tenant.licences
    page = page_query(query, tenant.settings)
    ids = store.listed(ListKey(whole(query, "client_id"), _flag(query, "includeinactive")))
    site_id = whole(query, "site_id")
    if site_id is not None:
        ids = [row_id for row_id in ids if (row := store.get(row_id)) is not None and row.site_id == site_id]
    ignores_number = "licences" in tenant.settings.ignored_page_no
    wanted = _wanted(exchange, ids, store.get)
    shown, record_count = cut(wanted, page, exchange.hit, tenant.settings, ignores_number=ignores_number)
    rows = [tenant.licence_json(row) for row_id in shown if (row := store.get(row_id)) is not None]
    return _list(exchange, f'{{"record_count":{record_count},"licences":', rows)


def licence(exchange: Exchange, licence_id: int) -> Answer:
    """`GET /SoftwareLicence/{id}`."""
    require(exchange, scopes.READ_LICENCES)
    found = exchange.tenant.licences.get(licence_id)
    if found is None:
        raise RefusedError(404, {"Message": f"SoftwareLicence {licence_id} was not found."})
    require_visible(exchange, licence_id)
    return Answer(200, exchange.tenant.licence_json(found).encode(), rows=1)


def _list(exchange: Exchange, head: str, rows: Sequence[str]) -> Answer:
    """An envelope with its rows, as this Halo writes them."""
    settings = exchange.tenant.settings
    if settings.odd_rows:
        rows = list(map(odd_row, rows))
    shown = "null" if settings.null_lists and not rows else f"[{','.join(rows)}]"
    mark = "\ufeff" if settings.byte_order_mark else ""
    return Answer(200, f"{mark}{head}{shown}}}".encode(), rows=len(rows))


def _wanted(exchange: Exchange, ids: Sequence[int], row_of: Callable[[int], Client | Licence | None]) -> Sequence[int]:
    """The rows that the agent may see and that `search` finds, in the `order` asked for."""
    tenant, query = exchange.tenant, exchange.query
    if tenant.settings.agent_sees != "all":
        ids = list(filter(tenant.agent_sees, ids))
    wanted, order = query.get("search", "").casefold(), query.get("order", "id")
    if wanted:
        ids = [row_id for row_id in ids if wanted in _name(row_of(row_id)).casefold()]
    if order == "name":
        ids = sorted(ids, key=lambda row_id: (_name(row_of(row_id)), row_id))
    elif order != "id":
        raise RefusedError(400, {"order": [f"Lists cannot be ordered by '{order}'."]})
    return ids[::-1] if _flag(query, "orderdesc") else ids


def _name(row: Client | Licence | None) -> str:
    return row.name if row else ""


def _flag(query: Mapping[str, str], name: str) -> bool:
    return query.get(name, "").lower() == "true"
