"""CSV files of links as people send them: out of this page, out of a spreadsheet, or written by a program.

Every error names line, column and what to do; a file with errors changes nothing. Lines count from 1 with the header.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from halosync.domain.listing import counted
from halosync.domain.names import name_key

from report_api.web.csv_export import unguarded

MOST_ERRORS = 50
"""More errors than this have one cause, and nobody reads them."""
MOST_LINES, MOST_COLUMNS, MOST_CHARACTERS = 50_000, 100, 2_000
"""Bounds of a file, of a line and of a cell, which is looked at no further when it is longer: anybody may send one."""


_TOO_LONG = f"a cell has more than {MOST_CHARACTERS:,} characters; shorten it (perhaps a quotation mark is missing)"
_TOO_MANY = f"the file has more than {MOST_LINES:,} lines; split it into several files, and load one after the other"


@dataclass(frozen=True, slots=True)
class SheetError:
    """What is wrong with a file. `line` None: with all of it; `column` None: with all of the line."""

    line: int | None
    column: str | None
    message: str

    def __str__(self) -> str:
        where = ", ".join(
            part for part in (self.line and f"Line {self.line}", self.column and f"column {self.column}") if part
        )
        return f"{where}: {self.message}" if where else self.message


class SheetErrors(ValueError):
    """A file that cannot be taken as it is. `more` is how many errors are not listed."""

    def __init__(self, errors: Sequence[SheetError]) -> None:
        super().__init__("; ".join(str(error) for error in errors[:MOST_ERRORS]))
        self.errors = errors[:MOST_ERRORS]
        self.more = max(0, len(errors) - MOST_ERRORS)


@dataclass(frozen=True, slots=True)
class Cells:
    """A line's cells by column; a column that the file does not have is missing. `errors` gathers what is wrong."""

    line: int
    texts: Mapping[str, str]
    errors: list[SheetError] = field(default_factory=list)

    def wrong(self, column: str, message: str) -> None:
        """Remember an error, so that a person corrects a file once and not error by error."""
        self.errors.append(SheetError(self.line, column, message))


def read_sheet(content: bytes, *, required: Iterable[str], optional: Iterable[str]) -> Sequence[Cells]:
    """Return the rows of a file in UTF-8, with or without byte order mark, parted by commas or semicolons.

    Other columns are ignored, and so are empty lines. What `csv_export.cell` put in front of a formula is taken away.

    Raises:
        SheetErrors: it is no such file, lacks a column, or has lines that do not fit its header.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise SheetErrors([SheetError(line, None, 'this is not UTF-8 text; save the file as "CSV UTF-8"')]) from None
    if "\0" in text:
        raise SheetErrors([SheetError(None, None, 'this is not a CSV file; save it as "CSV UTF-8"')])
    records = _records(text)
    try:
        _, header = next(records)
    except StopIteration:
        raise SheetErrors([SheetError(None, None, "the file is empty; its first line must name the columns")]) from None
    if len(header) > MOST_COLUMNS:
        raise SheetErrors(
            [SheetError(1, None, f"has {counted(len(header), 'column')}; a file may have {MOST_COLUMNS}")]
        )
    columns = _columns(header, list(required), list(optional))
    rows, errors = [], []
    for line, cells in records:
        if len(cells) != len(header):
            errors.append(
                SheetError(
                    line,
                    None,
                    f"has {counted(len(cells), 'cell')}, but line 1 has {len(header)}; make them equal",
                )
            )
            continue
        rows.append(Cells(line, {name: unguarded(cells[position]) for name, position in columns.items()}))
    if errors:
        raise SheetErrors(errors)
    return rows


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each record with the line it begins on."""
    first = text.split("\n", 1)[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            if any(len(cell) > MOST_CHARACTERS for cell in cells):
                raise SheetErrors([SheetError(line, None, _TOO_LONG)])
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = reader.line_num + 1
            if line > MOST_LINES + 1:
                raise SheetErrors([SheetError(None, None, _TOO_MANY)])
    except csv.Error as error:
        raise SheetErrors(
            [SheetError(line, None, f"a quotation mark is missing ({error}); correct this line")]
        ) from None


def _columns(header: Sequence[str], required: Sequence[str], optional: Sequence[str]) -> Mapping[str, int]:
    named = [name_key(name).replace(" ", "_") for name in header]
    errors = []
    for column in (*required, *optional):
        count = named.count(column)
        if count > 1:
            errors.append(SheetError(1, column, f"{counted(count, 'column')} have this name; keep one"))
        elif count == 0 and column in required:
            errors.append(SheetError(1, column, f"this column is missing; the file has {', '.join(header)}"))
    if errors:
        raise SheetErrors(errors)
    return {column: named.index(column) for column in (*required, *optional) if column in named}
