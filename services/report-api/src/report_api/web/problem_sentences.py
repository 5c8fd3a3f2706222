"""What a person reads on the page of a problem: what happened, and the one thing to do (spec section 14)."""

from collections.abc import Mapping, Sequence

NOT_FILLED_IN = (
    "The form was not filled in as the page makes it. Nothing was done. Open the page again and try once more."
)
"""Of a form that no page of ours has sent."""

OF_STATUS: Mapping[int, str] = {
    400: "The body could not be read. Send JSON in UTF-8.",
    405: "This address does not take this method; the header Allow has those it takes.",
}
"""The detail of errors that the framework finds, for a program."""

FAILED = "Something went wrong on our side, and it has been recorded. Try again. If it stays, ask the operator."
FAILED_PAGE = "It has been recorded. Try again. If it happens again, ask your distributor."
FAILED_FORM = (
    "It has been recorded. It is not known whether your change was made: open the page again and look. If this happens "
    "again, ask your distributor."
)

TITLES: Mapping[int, str] = {
    404: "There is nothing here",
    405: "There is nothing to show here",
    408: "This took too long",
    410: "This is no longer kept",
    413: "This is too large",
    429: "Too many requests",
    500: "Something went wrong on our side",
    503: "Not available at the moment",
}
OF_FORM = "This was not done"
"""The title where a form was sent, and its status has none of its own."""
OF_ADDRESS = "This address does not work"
"""The title where a part of the address is wrong."""
NOT_SHOWN = "This cannot be shown"
"""The title where a page was asked for, and its status has none of its own."""
NO_FORM = "This address takes no form"
FORBIDDEN = "You may not open this page"

_OF_PAGES: Mapping[str, str] = {
    "bad_request": "The form could not be read, so nothing was done. Open the page again and send it once more.",
    "method_not_allowed": "This address takes a form, and shows nothing. Open the page that has the form.",
}
_NO_FORM = "This address shows a page and takes no form, so nothing was done. Open the page anew from the navigation."


def title(status: int, code: str, *, looked: bool) -> str:
    """Return the title of a problem's page; `looked`: a page was asked for, not a form sent."""
    if not looked:
        return NO_FORM if code == "method_not_allowed" else TITLES.get(status, OF_FORM)
    of_code = {"forbidden": FORBIDDEN, "validation_failed": OF_ADDRESS}
    return of_code.get(code) or TITLES.get(status, NOT_SHOWN)


def detail(code: str, told: str, fields: Sequence[str] | None, *, looked: bool) -> str:
    """Return what the page says.

    Args:
        code: of the problem.
        told: what a program is told.
        fields: of a request that is not as its route describes it; None: it is another problem.
        looked: a page was asked for, not a form sent.
    """
    if code == "internal_error":
        return FAILED_PAGE if looked else FAILED_FORM
    if code == "method_not_allowed" and not looked:
        return _NO_FORM
    if fields is None:
        return _OF_PAGES.get(code, told)
    if not looked:
        return NOT_FILLED_IN
    named = ", ".join(fields)
    return f"The address has a part that this page does not take: {named}. Open the page anew from the navigation."


def too_large(most_bytes: int) -> str:
    """Say that a body is too large."""
    return f"What was sent is larger than {most_bytes // 1024:,} kB, so nothing was done. Send less at once."


def too_slow(most_s: float) -> str:
    """Say that a body did not come in time."""
    return f"What was sent did not arrive within {most_s:g} seconds, so nothing was done. Send it again."
