"""The application: routes, errors, and the layer around them. `docs/generated/openapi.json` is made from it."""

from collections.abc import Iterable

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.types import ASGIApp

from report_api.access import api as access_api
from report_api.access import people_api
from report_api.access.limits import Limits, PlacesGivenBack
from report_api.access.pages import keys as key_pages
from report_api.access.pages import openid, sign_in
from report_api.access.pages import people as people_pages
from report_api.access.session import recognise
from report_api.access.wrong_keys import WrongKeys
from report_api.connection import api as connection_api
from report_api.connection import confirm_page
from report_api.connection import pages as connection_pages
from report_api.history import api as history_api
from report_api.history import audit_page, customer_page, step_pages
from report_api.history import licences_api as histories_api
from report_api.history import pages as history_pages
from report_api.invoices import api as invoices_api
from report_api.invoices import pages as invoice_pages
from report_api.links import api as links_api
from report_api.links import licences_api
from report_api.links.customers import CUSTOMERS
from report_api.links.pages import customers as customer_pages
from report_api.links.pages import halo_read, unmatched
from report_api.links.pages import kept as kept_pages
from report_api.links.pages.files import file_pages
from report_api.links.pages.lists import list_pages
from report_api.links.pages.unmatched import ticked_pages
from report_api.links.products import PRODUCTS
from report_api.months import accept_pages, certificate_pages
from report_api.months import api as months_api
from report_api.months import pages as month_pages
from report_api.partners import api as partners_api
from report_api.partners import pages as partner_pages
from report_api.ports import Ports
from report_api.runs import api as runs_api
from report_api.runs import invoice_choice_api
from report_api.runs.pages import held, invoice_choice, preview, review, run, sync
from report_api.search import pages as search_pages
from report_api.settings import api as settings_api
from report_api.settings import pages as settings_pages
from report_api.web import problem_answers
from report_api.web.measured import MeasuredRequests, count_failures_from_zero
from report_api.web.middleware import RequestMiddleware
from report_api.web.problems import ProblemBody
from report_api.web.rendering import StaticFiles
from report_api.webhooks import api as webhooks_api
from report_api.webhooks import pages as webhook_pages

API = (
    connection_api.router,
    connection_api.redirect_router,
    invoices_api.router,
    invoices_api.summary_router,
    months_api.router,
    partners_api.router,
    runs_api.router,
    invoice_choice_api.router,
    settings_api.router,
    links_api.router,
    licences_api.router,
    access_api.router,
    people_api.router,
    people_api.operators_router,
    webhooks_api.router,
    history_api.router,
    histories_api.router,
)
"""The calls of spec section 7."""

PAGES = (
    sign_in.public_router,
    sign_in.router,
    openid.router,
    partner_pages.router,
    connection_pages.public_router,
    connection_pages.router,
    confirm_page.router,
    month_pages.router,
    accept_pages.router,
    certificate_pages.router,
    invoice_pages.router,
    preview.router,
    sync.router,
    invoice_choice.router,
    halo_read.router,
    unmatched.router,
    unmatched.exclusions,
    ticked_pages(CUSTOMERS),
    ticked_pages(PRODUCTS),
    list_pages(CUSTOMERS),
    customer_pages.router,
    file_pages(CUSTOMERS),
    list_pages(PRODUCTS),
    file_pages(PRODUCTS),
    kept_pages.router,
    history_pages.router,
    audit_page.router,
    customer_page.router,
    step_pages.router,
    search_pages.router,
    run.router,
    held.router,
    review.router,
    settings_pages.router,
    key_pages.router,
    people_pages.router,
    webhook_pages.router,
)
"""The portal, page by page."""

_DESCRIPTION = """\
What was loaded, what was done, line by line, and everything a partner can set.

* **Keys.** `Authorization: Bearer <api key>`. What a key may not see is 404, as if it did not exist. A key has a role,
  `viewer`, `biller` or `admin`; `x-needed-role` is what a call needs at least, and what a role may not do is 403
  `forbidden`.
* **Limits.** At once 8 requests, 2 files and 20 streams of one key; beyond, 429 `too_many_requests` with `Retry-After`.
* **Lists** answer `{"items": [...], "next_cursor": "…" | null}`; send `next_cursor` as `cursor` for the next page.
* **Errors** are `application/problem+json` (RFC 9457); `code` is for programs, `detail` for people.
* **Decimals** are strings; an unset value is null, which is not zero. **Times** are RFC 3339 in UTC.
"""


class Api(FastAPI):
    """FastAPI with the schema of problems in its description."""

    def build_middleware_stack(self) -> ASGIApp:
        """Put the middleware around everything, also around the answer to a failure that nobody foresaw.

        What measures is outermost, so that what is refused is counted too.
        """
        ports: Ports | None = self.state.ports
        https = ports is not None and ports.public_url.startswith("https://")
        count_failures_from_zero(self.routes)
        inside = PlacesGivenBack(super().build_middleware_stack())
        return MeasuredRequests(RequestMiddleware(inside, https=https))

    def openapi(self) -> dict[str, object]:
        """Return the OpenAPI description, made once."""
        if self.openapi_schema is None:
            made = get_openapi(
                title=self.title,
                version=self.version,
                description=self.description,
                routes=self.routes,
            )
            schemas = made["components"]["schemas"]
            body = ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas |= body.pop("$defs")
            schemas["ProblemBody"] = body
            # FastAPI describes its own kind of validation error; ours is a problem like all others.
            schemas.pop("HTTPValidationError", None)
            schemas.pop("ValidationError", None)
            self.openapi_schema = made
        return self.openapi_schema


def build(ports: Ports | None, passing: Iterable[type[Exception]] = ()) -> Api:
    """Return the application.

    Args:
        ports: what it needs. None: they come later, in its `state`; until then it can only describe itself.
        passing: failures of the stores that go away by themselves; they are answered with 503.
    """
    app = Api(
        title="halosync report API",
        version="1",
        description=_DESCRIPTION,
        docs_url=None,  # both pages load scripts from other people's servers
        redoc_url=None,
        redirect_slashes=False,  # a slash may be part of an id
    )
    app.state.ports = ports
    app.state.limits, app.state.wrong_keys = Limits(), WrongKeys()
    problem_answers.install(app, passing, recognise)
    for router in (*API, *PAGES):
        app.include_router(router)
    app.mount("/static", StaticFiles())
    return app
