"""The application: routes, errors, and the layer around them. `docs/generated/openapi.json` is made from it."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.types import ASGIApp

from report_api import problems
from report_api.edge import Edge
from report_api.portal import pages as portal
from report_api.portal.errors import problem_page
from report_api.portal.static_files import StaticFiles
from report_api.ports import Ports
from report_api.problems import ProblemBody
from report_api.routes import (
    accounts,
    audit,
    connection,
    halo,
    invoices,
    items,
    keys,
    links,
    runs,
    settings,
    summary,
)

_DESCRIPTION = """\
What was loaded, what was done, line by line, and everything a partner can set.

* **Keys.** `Authorization: Bearer <api key>`. What a key may not see is 404, as if it did not exist.
* **Lists** answer `{"items": [...], "next_cursor": "…" | null}`; send `next_cursor` as `cursor` for the next page.
* **Errors** are `application/problem+json` (RFC 9457); `code` is for programs, `detail` for people.
* **Decimals** are strings; an unset value is null, which is not zero. **Times** are RFC 3339 in UTC.
"""


class Api(FastAPI):
    """FastAPI with the schema of problems in its description."""

    def build_middleware_stack(self) -> ASGIApp:
        """Put the edge around everything, also around the answer to a failure that nobody foresaw."""
        return Edge(super().build_middleware_stack())

    def openapi(self) -> dict[str, Any]:
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


def build(ports: Ports | None) -> Api:
    """Return the application. Without ports it can only describe itself."""
    app = Api(
        title="halosync report API",
        version="1",
        description=_DESCRIPTION,
        docs_url=None,  # both pages load scripts from other people's servers
        redoc_url=None,
        redirect_slashes=False,  # a slash may be part of an id
    )
    app.state.ports = ports
    problems.install(app, problem_page)
    for part in (connection, accounts, invoices, runs, items, settings, links, halo, summary, keys, audit):
        app.include_router(part.router)
    for router in portal.ROUTERS:
        app.include_router(router)
    app.mount("/static", StaticFiles())
    return app
