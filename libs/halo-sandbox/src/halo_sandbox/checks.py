"""What Halo refuses in a row of `POST /SoftwareLicence`, in its own way of saying so (halo-api sections 3 and 4)."""

import sys
from collections.abc import Callable, Mapping

from halo_sandbox.json_object import JsonObject
from halo_sandbox.tenant import Tenant

_INT32 = range(-(2**31), 2**31)
Check = Callable[[object], str | None]
"""The complaint about a value, None when it is good."""


def _number(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > sys.float_info.max:
        return f"Could not convert {_kind(value)} to double: {value}."
    return None


def _int32(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return f"Could not convert {_kind(value)} to integer: {value}."
    return None if value in _INT32 else f"JSON integer {value} is too large or small for an Int32."


def _string(value: object) -> str | None:
    return None if isinstance(value, str) else f"Could not convert {_kind(value)} to string: {value}."


def _text(value: object) -> str | None:
    return None if value is None else _string(value)


def _name(value: object) -> str | None:
    return _string(value) or (None if str(value).strip() else "The name field is required.")


def _boolean(value: object) -> str | None:
    return None if isinstance(value, bool) else f"Could not convert {_kind(value)} to boolean: {value}."


def _kind(value: object) -> str:
    names = {type(None): "null", bool: "boolean", str: "string", int: "integer", float: "decimal", list: "array"}
    return names.get(type(value), "object")


_CHECKS: Mapping[str, Check] = {
    "client_id": _int32,
    "name": _name,
    "count": _number,
    "price": _number,
    "purchase_price": _number,
    "billing_cycle": _text,
    "site_id": _int32,
    "type": _int32,
    "status": _int32,
    "start_date": _text,
    "end_date": _text,
    "is_active": _boolean,
    "vendor": _text,
    "notes": _text,
    "product_sku": _text,
    "vendor_product_sku": _text,
}
_AMOUNTS = ("count", "price", "purchase_price")


def known_fields(row: JsonObject) -> JsonObject:
    """The fields of a checked row that are stored, whole amounts as the doubles they become; the rest is ignored."""
    fields = {name: row[name] for name in _CHECKS if name in row}
    for name in _AMOUNTS:
        if name in fields:
            fields[name] = float(fields[name])
    return fields


def complaints(tenant: Tenant, index: int, row: object) -> dict[str, list[str]]:
    """What is wrong with a row, by path: `{"[0].count": ["… Path '[0].count'."]}`; empty when it is good."""
    if not isinstance(row, dict):
        return {f"[{index}]": [f"Could not convert {_kind(row)} to SoftwareLicence. Path '[{index}]'."]}
    found = {name: found for name, value in row.items() if (found := _complaint(tenant, name, value))}
    if "id" in row:
        if "id" not in found and tenant.licences.get(row["id"]) is None:
            found["id"] = f"SoftwareLicence {row['id']} was not found."
    else:
        for name in {"name", "client_id"} - row.keys():
            found[name] = f"The {name} field is required."
    if "client_id" in row and "client_id" not in found and row["client_id"] not in tenant.clients:
        found["client_id"] = f"Client {row['client_id']} was not found."
    return {f"[{index}].{name}": [f"{text} Path '[{index}].{name}'."] for name, text in found.items()}


def _complaint(tenant: Tenant, name: str, value: object) -> str | None:
    if name == "id" or (name == "count" and tenant.settings.int32_counts):
        return _int32(value)
    check = _CHECKS.get(name)
    return check(value) if check else None
