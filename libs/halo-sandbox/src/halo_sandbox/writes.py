"""`POST` and `DELETE` of licences (halo-api section 3): no idempotency, no unique names."""

from collections.abc import Mapping, Sequence
from typing import Any

from halo_sandbox.checks import complaints, known_fields
from halo_sandbox.exchange import Answer, Exchange, RefusedError, json_answer
from halo_sandbox.json_object import JsonObject
from halo_sandbox.keeping import kept
from halo_sandbox.model import ENCODE, Licence
from halo_sandbox.rights import require_edit


def post(exchange: Exchange) -> Answer:
    """`POST /SoftwareLicence`: create the rows without an id, update the others, of any number of clients."""
    require_edit(exchange)
    if exchange.media_type() != "application/json":
        raise RefusedError(415, {"Message": f"The media type '{exchange.media_type()}' is not supported."})
    rows = exchange.array()
    if not rows:
        raise RefusedError(400, {"": ["The array is empty. Path ''."]})
    settings = exchange.tenant.settings
    if settings.largest_array is not None and len(rows) > settings.largest_array:
        raise RefusedError(400, {"Message": "The request is too large."})
    if any(isinstance(row, dict) and row.get("name") in settings.upsetting_names for row in rows):
        return _failed(exchange, "Object reference not set to an instance of an object.")
    bad = _refused(exchange, rows)
    if not bad:
        return _stored(exchange, [(row, _store(exchange, row)) for row in rows])
    for index in _written_all_the_same(exchange, len(rows), bad):
        _store(exchange, rows[index])
    if not exchange.tenant.settings.names_refused_rows:
        return json_answer(400, {"Message": "The request is invalid."})
    return json_answer(400, {path: words for found in bad.values() for path, words in found.items()})


def delete(exchange: Exchange, licence_id: int) -> Answer:
    """`DELETE /SoftwareLicence/{id}`: soft; 404 when it is gone already."""
    require_edit(exchange)
    tenant = exchange.tenant
    found = tenant.licences.get(licence_id)
    if found is None or found.deleted:
        raise RefusedError(404, {"Message": f"SoftwareLicence {licence_id} was not found."})
    if found.name in tenant.settings.undeletable_names:
        return _failed(exchange, "The DELETE statement conflicted with the REFERENCE constraint FK_RecurringInvoice.")
    if tenant.settings.ignores_deletes:
        return Answer(200, tenant.licence_json(found).encode())
    still_listed = tenant.settings.delete_shows_inactive
    deleted = tenant.licences.delete(found, request=exchange.number, still_listed=still_listed)
    return Answer(200, tenant.licence_json(deleted).encode())


def _refused(exchange: Exchange, rows: Sequence[Any]) -> dict[int, dict[str, list[str]]]:
    """The bad rows by index, with what is wrong with them."""
    bad = {index: found for index, row in enumerate(rows) if (found := complaints(exchange.tenant, index, row))}
    for index, row in enumerate(rows) if exchange.tenant.settings.refused_names else ():
        if isinstance(row, dict) and row.get("name") in exchange.tenant.settings.refused_names:
            bad.setdefault(index, {})[f"[{index}].name"] = [f"This licence cannot be changed. Path '[{index}].name'."]
    refuse = exchange.hit.action.refuse_row
    for index, row in enumerate(rows) if refuse else ():
        if refuse and (index == refuse.index or (isinstance(row, dict) and row.get("name") == refuse.name is not None)):
            bad.setdefault(index, {})[f"[{index}]"] = [f"{refuse.message} Path '[{index}]'."]
    return bad


def _written_all_the_same(exchange: Exchange, rows: int, bad: Mapping[int, object]) -> Sequence[int]:
    """The rows of a refused array that Halo writes nevertheless: unknown in reality, so a setting."""
    match exchange.tenant.settings.refused_array:
        case "none":
            return ()
        case "before":
            return range(min(bad))
        case "good":
            return [index for index in range(rows) if index not in bad]


def _store(exchange: Exchange, row: JsonObject) -> Licence:
    store, fields = exchange.tenant.licences, kept(known_fields(row), exchange.tenant.settings)
    found = store.get(row["id"]) if "id" in row else None
    if found is not None:
        return store.update(found, fields, request=exchange.number)
    return store.create(fields, request=exchange.number, lag_s=exchange.tenant.settings.list_lag_s)


def _failed(exchange: Exchange, message: str) -> Answer:
    """Nothing was done: 500, or a success that says so."""
    if exchange.tenant.settings.failures_as_200:
        return json_answer(200, {"resultCode": 1, "errorMessage": message})
    return json_answer(500, {"ClassName": "System.Exception", "Message": message})


def _stored(exchange: Exchange, written: Sequence[tuple[JsonObject, Licence]]) -> Answer:
    """201: the bare object for an array of one, an array for many, perhaps in another order."""
    tenant = exchange.tenant
    if tenant.settings.shuffle_answers:
        written = written[::-1]
    rows = ",".join(_row(exchange, sent, licence) for sent, licence in written)
    bare = len(written) == 1 and tenant.settings.bare_single_answer
    return Answer(201, (rows if bare else f"[{rows}]").encode())


def _row(exchange: Exchange, sent: JsonObject, licence: Licence) -> str:
    """The stored licence, with a warning where this Halo warns of what it did not keep."""
    text = exchange.tenant.licence_json(licence)
    if not exchange.tenant.settings.warns:
        return text
    changed = [name for name, value in known_fields(sent).items() if getattr(licence, name) != value]
    warning = f"Not kept as sent: {', '.join(changed)}."
    return f"{text[:-1]},{ENCODE({'_warning': warning})[1:]}" if changed else text
