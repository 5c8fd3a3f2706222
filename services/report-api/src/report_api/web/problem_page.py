"""What a browser sees of an error: a page in plain words instead of JSON."""

from fastapi import Request, Response
from fastapi.responses import HTMLResponse

from report_api.web.problems import Problem
from report_api.web.rendering import page

_TITLES = {
    403: "This was not done",
    404: "There is nothing here",
    409: "This was not done",
    413: "This is too large",
    500: "Something went wrong on our side",
    503: "Not available at the moment",
}


def problem_page(request: Request, problem: Problem) -> Response:
    """Return the page that tells about a problem."""
    title = _TITLES.get(problem.status_code, "This did not work")
    response: HTMLResponse = page(request, "web/problem.html", problem.status_code, title=title, problem=problem)
    for name, value in (problem.headers or {}).items():
        response.headers[name] = value
    return response
