"""Accounts > Halo PSA: connect, test and end the connection to the partner's Halo (spec section 2.1)."""

from collections.abc import Mapping
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from halosync.contracts.connection import ConnectionTested, HaloTenant
from halosync.contracts.message import Identifier
from halosync.domain.connection_sentences import HALO_UNAVAILABLE, REFUSALS
from halosync.domain.roles import Role
from halosync.domain.tenant import MOST_CHARACTERS
from halosync.ports.connections import ConnectionView
from pydantic import TypeAdapter, ValidationError

from report_api.access.needed_role import needs
from report_api.access.page_guard import partner_pages, public_pages
from report_api.access.session import VisitorHere, browser_session, notify, signed_in
from report_api.connection.api import PORTAL_PAGE
from report_api.connection.halo_errors import HALO_ERRORS
from report_api.connection.service import begin_connection, end_connection, test_connection
from report_api.ports import Ports, PortsHere
from report_api.web.addresses import partner_url, see_other
from report_api.web.formats import plural
from report_api.web.problems import Problem
from report_api.web.rendering import Values, page

public_router = public_pages()
router = partner_pages(changes=Role.ADMIN)

APPLICATION_NAME = "converge"
AUTHENTICATION = "Authorisation Code (Native Application)"
PERMISSIONS = ("read:customers", "read:softwarelicensing", "edit:softwarelicensing")
"""What an application in Halo needs (halo-api section 1); the names are entered exactly so."""

_AGAIN = "Halo was not connected. Press Connect and log in to Halo again."
_PROBLEMS = {
    **{
        code: REFUSALS[code]
        for code in (
            *("invalid_state", "denied", "invalid_client", "missing_scope", "other_partner"),
            *("other_session", "wrong_issuer", "tenant_taken"),
            *("permission_denied", "unexpected_answer", "rate_limited"),
        )
    },
    "unavailable": HALO_UNAVAILABLE,
}
"""Why Halo's redirect connected nothing, by the `problem` of the address."""

_NOTED = {"denied", "invalid_client", "missing_scope", "permission_denied", "unexpected_answer", "rate_limited"}
"""For these auth writes the reason down on the connection; it names the permissions and has Halo's own words."""

_client_id = TypeAdapter[str](Identifier)
_halo_tenant = TypeAdapter[str | None](HaloTenant | None)


@public_router.get(PORTAL_PAGE)
async def come_back(request: Request, connected: str | None = None, problem: str | None = None) -> Response:
    """Lead a browser that comes back from Halo to its partner's page. Nothing of the address is repeated."""
    visitor = await signed_in(request)
    query = {"connected": "1"} if connected == "1" else {"problem": problem} if problem in _PROBLEMS else {}
    if visitor is not None and visitor.session.acts_for is not None:
        target = partner_url(visitor.session.acts_for, "halo-psa")
        return RedirectResponse(f"{target}?{urlencode(query)}" if query else target, status_code=303)
    return page(
        request,
        "connection/back_from_halo.html",
        connected=connected == "1",
        problem=None if problem is None else _PROBLEMS.get(problem, _AGAIN),
    )


@router.get("/halo-psa")
async def show(
    request: Request, visitor: VisitorHere, ports: PortsHere, connected: str | None = None, problem: str | None = None
) -> Response:
    """Show where the connection stands. `connected` and `problem` say how a log-in to Halo that just ended went."""
    connection = await ports.connections.view(visitor.partner_id)
    return _page(
        request,
        connection,
        ports,
        just_connected=connected == "1" and connection.state == "connected",
        problem=None if problem is None else _explained(problem, connection.problem),
    )


@router.post("/halo-psa/connect")
async def connect(request: Request, visitor: VisitorHere, ports: PortsHere) -> Response:
    """Begin a connection and send the browser to Halo's log-in.

    By a page and not a redirect: browsers hold a form's redirects to `form-action`, which allows our own site only.
    """
    form = await request.form()
    entered = {name: str(form.get(name, "")).strip() for name in ("tenant", "client_id", "halo_tenant")}
    errors = _mistakes(entered)
    if not errors:
        try:
            url = await begin_connection(
                ports,
                visitor.partner_id,
                tenant=entered["tenant"],
                client_id=entered["client_id"],
                halo_tenant=entered["halo_tenant"] or None,
                by=visitor.actor,
                session=browser_session(visitor.token),
                allow_shared_tenant=visitor.is_operator and form.get("allow_shared_tenant") == "on",
            )
        except Problem as problem:
            if problem.code == "tenant_taken":
                errors = {"tenant": problem.detail}
            elif problem.status_code == 422:
                errors = {error["field"]: error["message"] for error in problem.members["errors"]}
            else:
                raise
        else:
            response = page(request, "connection/to_halo.html", url=url)
            response.headers["Refresh"] = f"0; url={url}"
            return response
    connection = await ports.connections.view(visitor.partner_id)
    return _page(request, connection, ports, status=422, entered=entered, errors=errors)


@router.post("/halo-psa/test")
async def test(request: Request, visitor: VisitorHere, ports: PortsHere) -> Response:
    """Read a little from Halo, and show what came back: it is no page to come back to, and is kept nowhere."""
    answer = await test_connection(ports, visitor.partner_id)
    if isinstance(answer, ConnectionTested):
        clients, licences = plural(answer.clients, "client"), plural(answer.licences, "licence")
        told = f"The connection works. Halo shows Converge {clients} and {licences}; it took {answer.took_ms} ms."
        return page(request, "connection/tested.html", tab="halo-psa", told=told, findings=answer.findings)
    await notify(request, f"The test failed. {answer.detail}", "bad")
    return see_other(visitor.partner_id, "halo-psa")


@router.get("/halo-psa/disconnect")
@needs(Role.ADMIN)
async def ask_disconnect(request: Request, visitor: VisitorHere, ports: PortsHere) -> Response:
    """Ask before the connection is ended."""
    connection = await ports.connections.view(visitor.partner_id)
    return page(request, "connection/disconnect.html", tab="halo-psa", connection=connection)


@router.post("/halo-psa/disconnect")
async def disconnect(request: Request, visitor: VisitorHere, ports: PortsHere) -> Response:
    """Erase the tokens."""
    await end_connection(ports, visitor.partner_id, by=visitor.actor)
    await notify(request, "Halo is disconnected. The tokens are erased; your invoices and reports are kept.")
    return see_other(visitor.partner_id, "halo-psa")


def _mistakes(entered: Mapping[str, str]) -> dict[str, str]:
    """Return what is wrong with the fields by themselves; whether the tenant is one, auth knows."""
    errors = {}
    if not entered["tenant"]:
        errors["tenant"] = "Enter your tenant: acme, if your Halo is at acme.halopsa.com."
    elif len(entered["tenant"]) > MOST_CHARACTERS:
        errors["tenant"] = (
            f"Enter the first part of the address only; this is longer than {MOST_CHARACTERS} characters."
        )
    try:
        _client_id.validate_python(entered["client_id"])
    except ValidationError:
        errors["client_id"] = "Enter the client id that Halo shows for the application: at most 200 characters."
    try:
        _halo_tenant.validate_python(entered["halo_tenant"] or None)
    except ValidationError:
        errors["halo_tenant"] = "Enter the name as Halo shows it: letters, digits, dots and hyphens."
    return errors


def _explained(code: str, noted: str | None) -> str:
    return noted if noted and code in _NOTED else _PROBLEMS.get(code, _AGAIN)


def _page(
    request: Request,
    connection: ConnectionView,
    ports: Ports,
    *,
    status: int = 200,
    just_connected: bool = False,
    problem: str | None = None,
    entered: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
) -> Response:
    values: Values = {
        "connection": connection,
        "just_connected": just_connected,
        "problem": problem,
        "entered": entered
        or {name: getattr(connection, name) or "" for name in ("tenant", "client_id", "halo_tenant")},
        "errors": errors or {},
        "application_name": APPLICATION_NAME,
        "redirect_url": f"{ports.public_url}/accounts/",
        "authentication": AUTHENTICATION,
        "permissions": PERMISSIONS,
        "halo_errors": HALO_ERRORS,
    }
    return page(request, "connection/halo_psa.html", status, tab="halo-psa", **values)
