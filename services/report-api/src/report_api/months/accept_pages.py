"""The forms that accept differences as they are, one by one or together, and those that take that back."""

from datetime import datetime
from typing import Annotated

from fastapi import Request, Response
from halosync.contracts.message import Text
from halosync.domain.roles import Role
from halosync.ports.months import ClosedMonthError, RowsChangedError, UnknownItemError
from pydantic import BaseModel, BeforeValidator, TypeAdapter, ValidationError
from starlette.datastructures import FormData

from report_api.access.page_guard import partner_pages
from report_api.access.session import VisitorHere, notify
from report_api.months.sentences import CLOSED
from report_api.ports import PortsHere
from report_api.web.addresses import see_other
from report_api.web.fields import Moment, QueryText
from report_api.web.form_fields import read_form
from report_api.web.formats import plural
from report_api.web.forms import LIST_QUERY, list_query_of

router = partner_pages(changes=Role.BILLER)

MOST_NOTE = 500

_BACK = ("period", "back", "customer", LIST_QUERY)
"""The fields of a form by which it leads back to where it stood."""

_Note = Annotated[Text, BeforeValidator(lambda text: str(text).strip()[:MOST_NOTE])]
_NOTE = TypeAdapter[str](_Note)
_NOT_ACCEPTED = "Nothing was accepted: what differs for this reason has changed since you opened the page. Look again."
_NOT_TAKEN_BACK = "Nothing was taken back: what was accepted has changed since you opened the page. Look again."
_NO_NOTE = "Nothing was accepted. Write a note that says why it is right as it is."


class _Alone(BaseModel):
    """The fields of a form that is about one thing."""

    period: QueryText = ""
    item_key: QueryText = ""


class _Together(BaseModel):
    """The fields of a form that is about all rows of a customer and a reason; `seen` is their fingerprint."""

    period: QueryText
    customer_id: QueryText
    reason: QueryText
    seen: QueryText
    accepted_at: Moment | None = None


def _back(visitor: VisitorHere, form: FormData) -> Response:
    """Lead back to the page that the form stood on."""
    parts = ("customer", str(form.get("customer", ""))) if form.get("back") == "customer" else ("month",)
    return see_other(visitor.partner_id, *parts, **{**list_query_of(form), "period": str(form.get("period", ""))})


def _undo(form: FormData, path: str, *names: str, **more: str) -> tuple[str, list[tuple[str, str]]]:
    """Return the form that takes back what this one did."""
    fields = [(name, str(value)) for name, value in form.items() if name in {*_BACK, *names}]
    return path, [*fields, *more.items()]


@router.post("/month/accept")
async def accept(request: Request, visitor: VisitorHere, ports: PortsHere) -> Response:
    """Accept a difference as it is, with a note; or take that back, when the form has no field for a note."""
    form = await request.form()
    of = read_form(_Alone, form)
    try:
        if "note" not in form:
            if await ports.months.withdraw(visitor.partner_id, of.period, of.item_key, by=visitor.actor):
                await notify(request, "The acceptance was taken back.")
            return _back(visitor, form)
        note = _NOTE.validate_python(form["note"])
        await ports.months.accept(visitor.partner_id, of.period, of.item_key, note, by=visitor.actor)
    except ValidationError:
        await notify(request, _NO_NOTE, "bad")
    except UnknownItemError:
        await notify(request, "Nothing was accepted: there is no difference any more.", "info")
    except ClosedMonthError:
        await notify(request, CLOSED, "bad")
    else:
        told = "Accepted as it is. Your note stands in the certificate of the month."
        await notify(request, told, undo=_undo(form, "month/accept", "item_key"))
    return _back(visitor, form)


@router.post("/month/accept-together")
async def accept_together(request: Request, visitor: VisitorHere, ports: PortsHere) -> Response:
    """Accept all rows of a customer and a reason with one note, or none; or take back those accepted at one time."""
    form = await request.form()
    of = read_form(_Together, form)
    try:
        if of.accepted_at is not None:
            await _take_back(request, visitor, ports, of, of.accepted_at)
            return _back(visitor, form)
        note = _NOTE.validate_python(form.get("note", ""))
        accepted_at, count = await ports.months.accept_together(
            visitor.partner_id, of.period, of.customer_id, of.reason, note, seen=of.seen, by=visitor.actor
        )
    except ValidationError:
        await notify(request, _NO_NOTE, "bad")
    except RowsChangedError:
        await notify(request, _NOT_ACCEPTED if of.accepted_at is None else _NOT_TAKEN_BACK, "bad")
    except ClosedMonthError:
        await notify(request, CLOSED, "bad")
    else:
        told = f"{plural(count, 'licence is', 'licences are')} accepted. Your note stands in the certificate."
        undo = _undo(
            form, "month/accept-together", "customer_id", "reason", "seen", accepted_at=accepted_at.isoformat()
        )
        await notify(request, told, undo=undo)
    return _back(visitor, form)


async def _take_back(
    request: Request, visitor: VisitorHere, ports: PortsHere, of: _Together, accepted_at: datetime
) -> None:
    gone = await ports.months.withdraw_together(
        visitor.partner_id, of.period, of.customer_id, of.reason, accepted_at, seen=of.seen, by=visitor.actor
    )
    await notify(request, f"The acceptance of {plural(gone, 'licence')} was taken back.")
