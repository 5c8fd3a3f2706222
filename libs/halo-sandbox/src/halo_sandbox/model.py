"""What a Halo tenant holds, as immutable values: clients and licences (halo-api sections 2 and 3)."""

from dataclasses import dataclass, fields
from json import JSONEncoder
from operator import attrgetter

ENCODE = JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode
"""The one way JSON is written; a shared encoder, because making one per row costs more than the row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A client, which is Halo's word for a customer of the partner."""

    id: int
    name: str
    inactive: bool = False
    main_site_id: int = 1
    datecreated: str = "2024-03-01T09:30:00.000Z"


NO_CLIENT = 0
"""The client of a licence that has none: its row has no `client_id`, and only the list of all licences shows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """A software licence of a client: as a rule one product, its quantity and its price."""

    id: int
    client_id: int = NO_CLIENT
    name: str
    count: float = 0.0
    price: float = 0.0
    purchase_price: float = 0.0
    billing_cycle: str | None = None
    site_id: int = -1
    type: int = 0
    status: int = 0
    start_date: str | None = "1900-01-01T00:00:00"
    end_date: str | None = "1900-01-01T00:00:00"
    is_active: bool = True
    deleted: bool = False
    vendor: str | None = None
    notes: str | None = None
    product_sku: str | None = None
    vendor_product_sku: str | None = None
    azure_connection_id: int = 0
    snowid: str | None = None
    thirdparty_client_id: str | None = None
    external_link_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecurringLine:
    """A line of a recurring invoice: it bills the count of the licence that `licence_id` names (halo-api section 5)."""

    id: int
    licence_id: int


LICENCE_FIELDS = tuple(field.name for field in fields(Licence))
_licence_values = attrgetter(*LICENCE_FIELDS)

# Real rows carry about a hundred fields that nobody here needs; a reader must ignore them, so there are some.
_OTHER_CLIENT_FIELDS = (
    ',"toplevel_id":1,"toplevel_name":"Customers","colour":"#2bd3c6","isopportunity":false,"item_tax_code":0,'
    '"monthlyreportinclude":true,"pritech":0,"sectech":0,"accountmanagertech":0,"excludefrominvoicesync":false,'
    '"client_to_invoice":0,"due_date_type":-1,"customfields":[{"id":1,"value":null}]}'
)
OTHER_LICENCE_FIELDS = (
    ',"supplier_id":0,"supplier_name":"","manufacturer":"","tenant_id":"","tenant_name":"","distributor":"",'
    '"licences_in_use":0,"licences_available":0,"autorenew":false,"term_duration":"","monthly_price":0.0,'
    '"monthly_cost":0.0,"item_id":0,"linked_item":null,"requested_quantity":0,"licence_roles":[{"id":1}]}'
)


def client_json(client: Client) -> str:
    """A client as the API shows it."""
    named = {field.name: getattr(client, field.name) for field in fields(Client)}
    return ENCODE(named)[:-1] + _OTHER_CLIENT_FIELDS


def licence_row(licence: Licence) -> dict[str, object]:
    """A licence's own fields by name, as the control surface shows them."""
    return dict(zip(LICENCE_FIELDS, _licence_values(licence), strict=True))


def licence_json_begin(licence: Licence, client_name: str, *, int32_counts: bool) -> str:
    """A licence as the API shows it, up to where `OTHER_LICENCE_FIELDS` go on: they are the same in every row.

    One of no client has no `client_id`.

    Older versions show `count` without a decimal point (halo-api section 3).
    """
    row = licence_row(licence)
    row["client_name"] = client_name
    if licence.client_id == NO_CLIENT:
        del row["client_id"], row["client_name"]
    if int32_counts:
        row["count"] = int(licence.count)
    return ENCODE(row)[:-1]
