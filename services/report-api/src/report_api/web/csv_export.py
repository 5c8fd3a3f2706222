"""Lists as CSV (RFC 4180), streamed, safe to open in a spreadsheet."""

import asyncio
import csv
import io
import re
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import TypeVar

from babel.numbers import get_decimal_symbol
from fastapi import Request
from fastapi.responses import StreamingResponse

from report_api.web.accept import prefers
from report_api.web.directions import closed, opened
from report_api.web.languages import spoken

T = TypeVar("T")

MEDIA_TYPE = "text/csv"
CHUNK = 250
"""Rows that are read from the database at a time; no connection is held while a slow reader takes them."""
_SLICE = 50
"""Rows that are written before others have their turn: a millisecond or two."""

MOST_CHARACTERS = 32_767
"""What a cell of a spreadsheet holds; a longer text is cut before anything looks at it."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# Where a spreadsheet that takes semicolons or tabs for the ends of cells would begin a formula: blanks and semicolons,
# apostrophes, a formula's sign. A match begins only where its blanks begin, and no part of it gives anything back, so
# that any text is read once: a pattern that could begin at each of a thousand tabs would read a million characters.
_INNER_FORMULA = re.compile(r"(?<![\s;])([\s;]++)('*+)(?=[=+\-@＝＋－＠])")
# A spreadsheet makes 7 of 007 and +7, 1.1 of 1.10, 120000 of 12E4, a date or a time of 1-2, 3/4 and 1:30, and keeps 15
# digits; quotation marks around the cell change nothing.
_CHANGED = re.compile(
    r"[+-]?(?:0\d[\d.]*|\d+\.\d*0|(?=(?:\d\.?){16})[\d.]+|\d+(?:\.\d+)?[Ee][+-]?\d+)"
    r"|\+\d[\d.]*|\d{1,2}(?:[-/:]\d{1,2}){1,2}|\d{1,2}(?:\.\d{1,2}){2}",
    re.ASCII,
)
_KEPT = re.compile(r'="([+\-\d.Ee/:]+)"', re.ASCII)
_PLAIN_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Signs:
    """How values are written.

    Attributes:
        delimiter: what ends a cell.
        point: what stands before a fraction.
        time: how a time in UTC is written; None: by ISO 8601.
        keeps_digits: a text of digits that a spreadsheet would change, such as the id 007, is written so that it stays.
    """

    delimiter: str = ","
    point: str = "."
    time: str | None = None
    keeps_digits: bool = False


FOR_PROGRAMS = Signs()
"""RFC 4180, the same for everybody: what the API answers."""

_TIME = "%Y-%m-%d %H:%M:%S"
"""Every spreadsheet takes this for a time, in every language; what has a zone or a T in it stays a text."""

_SEMICOLON_AND_POINT = {"CH", "LI"}
"""Territories where spreadsheets take semicolons although numbers have points."""


def for_reader() -> Signs:
    """Return the signs that the spreadsheet of the person expects who opens a page's file (decision 17)."""
    numbers = spoken().numbers
    if get_decimal_symbol(numbers) == ",":
        return Signs(";", ",", _TIME, keeps_digits=True)
    delimiter = ";" if numbers.territory in _SEMICOLON_AND_POINT else ","
    return Signs(delimiter, time=_TIME, keeps_digits=True)


def cell(value: object, point: str = ".", time: str | None = None, *, keeps_digits: bool = False) -> str:
    """Return a value as the text of a cell; `point`, `time` and `keeps_digits` as of `Signs`.

    A text that a spreadsheet would run as a formula gets an apostrophe in front (OWASP, "CSV injection"), also behind a
    semicolon or tab, which end a cell in many countries; a plain number stays a number, also a negative one. A text
    that looks as if it had one already gets one more, so that `unguarded` gives back every text. A mark that turns the
    direction ends with its cell (Unicode UAX 9), or what follows in the line would be read backwards.
    """
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case datetime():
            utc = value.astimezone(UTC)
            return utc.strftime(time) if time else utc.isoformat()
        case Decimal():
            return format(value, "f").replace(".", point)
        case list() | tuple():
            return cell("; ".join(str(part) for part in value), keeps_digits=keeps_digits)
        case _:
            text = closed(str(value)[:MOST_CHARACTERS])
    changed = keeps_digits and isinstance(value, str) and _CHANGED.fullmatch(text)
    # The one formula that is written: of digits, it shows them as they are.
    return f'="{text}"' if changed else _guarded(text)


def _guarded(text: str) -> str:
    text = _INNER_FORMULA.sub(_guard, text)
    return f"'{text}" if _is_formula(text.lstrip("'")) else text


def unguarded(text: str) -> str:
    """Return the text of a cell without what `cell` put into it; other texts as they are."""
    if kept := _KEPT.fullmatch(text):
        return kept[1]
    bare = text.lstrip("'")
    return opened(_INNER_FORMULA.sub(_unguard, text[1:] if bare != text and _is_formula(bare) else text))


def _guard(match: re.Match[str]) -> str:
    return f"{match[0]}'" if _ends_a_cell(match[1]) else match[0]


def _unguard(match: re.Match[str]) -> str:
    return f"{match[1]}{match[2][1:]}" if _ends_a_cell(match[1]) else match[0]


def _ends_a_cell(blanks: str) -> bool:
    return ";" in blanks or "\t" in blanks


def _is_formula(text: str) -> bool:
    return text.startswith(_FORMULA) and not _PLAIN_NUMBER.fullmatch(text)


async def _lines(
    columns: Iterable[str],
    chunks: AsyncIterator[Iterable[T]],
    cells: Callable[[T], Iterable[object]],
    signs: Signs,
) -> AsyncIterator[str]:
    buffer = io.StringIO()
    buffer.write("\ufeff")  # without this mark spreadsheets do not read UTF-8
    writer = csv.writer(buffer, delimiter=signs.delimiter)
    writer.writerow(columns)
    written = partial(cell, point=signs.point, time=signs.time, keeps_digits=signs.keeps_digits)
    async for chunk in chunks:
        for number, row in enumerate(chunk, start=1):
            writer.writerow([written(value) for value in cells(row)])
            if number % _SLICE == 0:
                await asyncio.sleep(0)
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    if buffer.tell():
        yield buffer.getvalue()


def csv_response(
    columns: Iterable[str],
    chunks: AsyncIterator[Iterable[T]],
    filename: str,
    *,
    cells: Callable[[T], Iterable[object]],
    signs: Signs = FOR_PROGRAMS,
) -> StreamingResponse:
    """Return values as a CSV file, one a line. `filename` must be plain ASCII without quotes.

    `cells` returns what stands in the columns, in their order; a page gives the signs of its reader.
    """
    return StreamingResponse(
        _lines(columns, chunks, cells, signs),
        media_type=f"{MEDIA_TYPE}; charset=utf-8; header=present",
        headers={"Content-Disposition": f'attachment; filename="{filename}"', "Vary": "Accept"},
    )


def wants_csv(request: Request) -> bool:
    """Tell whether the caller names CSV and would not rather have JSON."""
    return prefers(request, MEDIA_TYPE)
