"""What all routes of a partner have in common."""

from typing import Annotated

from fastapi import APIRouter, Path, Security

from report_api.access.api_keys import BEARER, PartnerRoute
from report_api.web.problems import responses

Partner = Annotated[str, Path(description="The partner's id.", examples=["acme-msp"])]
"""The partner of the address; `PartnerRoute` has checked that the key may see it."""


def partner_router(tag: str) -> APIRouter:
    """Return a router below `/v1/partners/{partner}` whose every route is guarded by an API key."""
    return APIRouter(
        prefix="/v1/partners/{partner}",
        tags=[tag],
        route_class=PartnerRoute,
        dependencies=[Security(BEARER)],
        responses=responses(401, 404, 422, 503),
    )
