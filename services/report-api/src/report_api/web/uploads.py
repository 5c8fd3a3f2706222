"""Files that a form sends. `edge.py` bounds their size."""

from fastapi import Request
from starlette.datastructures import UploadFile


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
