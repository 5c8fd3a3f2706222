"""Forms: the token that shows that a form is ours, one that is shown again, and the files that a form sends."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Query, Request
from starlette.datastructures import FormData, UploadFile

from report_api.web.fields import QueryText

MOST_LIST_QUERY = 2000
LIST_QUERY = "view"
"""The field of a form that says how the list was looked at on which it stood: the query of the list's address."""

ListQuery = Annotated[
    QueryText, Query(alias=LIST_QUERY, max_length=MOST_LIST_QUERY, description="How the list was looked at.")
]
"""The same in the address of a page between the list and its form."""


@dataclass(frozen=True)
class ShownForm:
    """A form as a page shows it: empty, or again as it was sent, with what is wrong.

    Attributes:
        entered: the text of its text field.
        errors: what is wrong, by the name of the field.
        status: the status of the page's answer.
    """

    entered: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)
    status: int = 200


EMPTY_FORM = ShownForm()


def list_query_of(form: FormData) -> dict[str, str]:
    """Return how the list was looked at, so that the answer leads back to the same rows in the same order."""
    text = form.get(LIST_QUERY)
    query = parse_qsl(text[:MOST_LIST_QUERY]) if isinstance(text, str) else []
    # Here rather than in the text: a NUL may stand there as %00, and no page takes one.
    return {name.replace("\0", ""): value.replace("\0", "") for name, value in query}


def csrf_token(cookie: str) -> str:
    """Return what forms carry to show that they come from a page of ours: only who can read the cookie can make it."""
    return hashlib.sha256(f"halosync form {cookie}".encode()).hexdigest()


def is_csrf_token(given: object, cookie: str) -> bool:
    """Tell whether a form's token belongs to the cookie that came with it, in constant time."""
    return isinstance(given, str) and hmac.compare_digest(given.encode(), csrf_token(cookie).encode())


class NoFileError(ValueError):
    """The form came without a file."""

    def __init__(self) -> None:
        super().__init__("Choose a file first.")


async def uploaded(request: Request) -> bytes:
    """Return the content of the form's field `file`.

    Raises:
        NoFileError: none was chosen.
    """
    form = await request.form()
    file = form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        raise NoFileError
    return await file.read()
