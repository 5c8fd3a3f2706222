"""Reading an invoice from files and checking it exactly as the planner will (`contracts/invoice_checks.py`)."""

import gzip
import zlib
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from rich.progress import Progress

from halosync.cli.failures import CommandError
from halosync.contracts.invoice import InvoiceHeader, InvoiceProblem
from halosync.contracts.invoice_checks import InvalidInvoiceError, LineChecker, identity, json_lines, read_event

_GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True)
class CheckedInvoice:
    """What the check of an invoice found. `line_count` and `total` are None when the lines were not read."""

    header: InvoiceHeader | None
    line_count: int | None = None
    total: str | None = None
    problems: list[InvoiceProblem] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Tell whether the planner would take the invoice in, as far as its lines were read."""
        return not self.problems

    def as_json(self) -> dict[str, object]:
        """Return the verdict for programs."""
        return {
            "ok": self.ok,
            **(identity(self.header) if self.header else {}),
            "line_count": self.line_count,
            "total": self.total,
            "lines_checked": self.line_count is not None,
            "problems": self.problems,
        }


def read_file(file: Path) -> bytes:
    """Return the contents of a file.

    Raises:
        CommandError: it cannot be read.
    """
    try:
        return file.read_bytes()
    except OSError as error:
        raise CommandError(f"cannot read {file}: {error.strerror or error}") from None


def check(body: bytes, lines_file: Path | None, progress: Progress) -> CheckedInvoice:
    """Check an `invoice.ready.v1` event; `lines_file` is a copy of what its `lines_url` will give.

    Raises:
        CommandError: the file of lines cannot be read, or does not belong to this invoice.
    """
    try:
        header, lines = read_event(body)
    except InvalidInvoiceError as error:
        return CheckedInvoice(None, problems=error.problems)
    if lines is not None:
        if lines_file is not None:
            raise CommandError("the invoice holds its lines itself: leave out --lines")
        return _check_lines(header, progress.track(lines, description="checking lines"))
    if lines_file is None:
        return CheckedInvoice(header)
    try:
        with lines_file.open("rb") as file:
            zipped = file.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
            file.seek(0)
            size = lines_file.stat().st_size
            with (
                progress.wrap_file(file, size, description="checking lines") as watched,
                gzip.GzipFile(fileobj=watched) if zipped else nullcontext(watched) as texts,
            ):
                return _check_lines(header, json_lines(texts))
    except (OSError, EOFError, zlib.error) as error:
        raise CommandError(f"cannot read {lines_file}: {error}") from None


def _check_lines(header: InvoiceHeader, lines: Iterable[object]) -> CheckedInvoice:
    checker = LineChecker(header)
    try:
        for _line in checker.check(lines):
            pass
        checker.finish()
    except InvalidInvoiceError as error:
        return CheckedInvoice(header, checker.count, str(checker.total), error.problems)
    return CheckedInvoice(header, checker.count, str(checker.total))
