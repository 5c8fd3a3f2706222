"""Scripts, styles and pictures of the portal."""

from os import PathLike, stat_result

from starlette import staticfiles
from starlette.responses import Response
from starlette.types import Scope

from report_api.web.rendering import STATIC

_FOR_GOOD = "public, max-age=31536000, immutable"


class StaticFiles(staticfiles.StaticFiles):
    """The files of `static/`. An address with a version is of one content only, so browsers may keep it."""

    def __init__(self) -> None:
        super().__init__(directory=str(STATIC))

    def file_response(
        self, full_path: str | PathLike[str], stat_result: stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """Return a file with how long it may be kept."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        kept = _FOR_GOOD if scope["query_string"].startswith(b"v=") else "no-cache"
        response.headers["Cache-Control"] = kept
        return response
