"""Checking an invoice before it is believed: every field, every line, and its own control totals (spec section 6).

The lines are checked one at a time, so that 100,000 of them never stand in memory as models.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypedDict

from pydantic import ValidationError
from pydantic_core import from_json

from halosync.contracts.checked_line import CheckedLine, added, checked
from halosync.contracts.complaints import complaint
from halosync.contracts.invoice import InvoiceHeader, InvoiceProblem

MOST_PROBLEMS = 20
"""The most problems that are reported: a file with more is broken as a whole."""

MOST_LINES = 1_000_000

MOST_EVENT_BYTES = 28 * 1024**2
"""An event is no larger: 100,000 lines as they usually are. Bigger invoices come by `lines_url`."""

MOST_NESTED = 1_000_000
"""The most lists and objects in an event: each takes much more memory than its two bytes."""

_MOST_KNOWN_CHARS = 200
_TEXTS: tuple[Literal["event_id", "partner_id", "invoice_id"], ...] = ("event_id", "partner_id", "invoice_id")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class KnownIdentity(TypedDict, total=False):
    """What could be read of a refused event's identity; what is too long is cut."""

    event_id: str
    partner_id: str
    invoice_id: str
    revision: int


class InvalidInvoiceError(ValueError):
    """An invoice cannot be taken in. `known` is for the answer."""

    def __init__(self, problems: list[InvoiceProblem], known: KnownIdentity | None = None) -> None:
        self.problems = problems
        self.known = known or KnownIdentity()
        super().__init__("; ".join(map(_in_words, problems)))


def _in_words(problem: InvoiceProblem) -> str:
    where = [f"line {problem.line}"] if problem.line else []
    where += [problem.field] if problem.field else []
    return f"{', '.join(where)}: {problem.message}" if where else problem.message


def whole(message: str, field: str = "") -> list[InvoiceProblem]:
    """Return a problem of the invoice as a whole, or of one field of its header."""
    return [InvoiceProblem(field=field, line=None, message=message)]


def read_event(body: bytes) -> tuple[InvoiceHeader, list[object] | None]:
    """Parse an `invoice.ready.v1` event into its header and its unchecked lines (None: they are at `lines_url`).

    Raises:
        InvalidInvoiceError: not JSON, or the header does not fit.
    """
    if len(body) > MOST_EVENT_BYTES:
        raise InvalidInvoiceError(
            whole(f"has {len(body)} bytes, more than {MOST_EVENT_BYTES}; give the lines by lines_url instead")
        )
    if body.count(b"[") + body.count(b"{") > MOST_NESTED:
        raise InvalidInvoiceError(whole(f"holds more than {MOST_NESTED} lists and objects"))
    try:
        event = from_json(body.removeprefix(_BYTE_ORDER_MARK))
    except ValueError as error:
        raise InvalidInvoiceError(whole(f"the message is not JSON: {error}")) from None
    if not isinstance(event, dict):
        raise InvalidInvoiceError(whole("the message must be a JSON object"))
    lines = event.pop("lines", None)
    known = _known(event)
    problems: list[InvoiceProblem] = []
    header = None
    try:
        header = InvoiceHeader.model_validate(event)
    except ValidationError as error:
        problems += _problems(error, None)
    if lines is not None and not isinstance(lines, list):
        problems += whole("must be a list of lines", "lines")
    elif (lines is None) == (event.get("lines_url") is None):
        problems += whole("give exactly one of lines and lines_url", "lines")
    if header is None or problems:
        raise InvalidInvoiceError(problems, known)
    return header, lines


def _known(event: Mapping[str, object]) -> KnownIdentity:
    known = KnownIdentity()
    for name in _TEXTS:
        if isinstance(text := event.get(name), str):
            known[name] = text[:_MOST_KNOWN_CHARS]
    if isinstance(revision := event.get("revision"), int):
        known["revision"] = revision
    return known


@dataclass
class LineChecker:
    """Checks lines one by one and adds up what the control totals must equal."""

    header: InvoiceHeader
    count: int = 0
    total: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        self._problems: list[InvoiceProblem] = []
        self._content = hashlib.sha256(self.header.model_dump_json(exclude={"lines_url"}).encode())

    @property
    def content(self) -> bytes:
        """A digest of what the invoice says, as far as its lines were checked: the same for the same invoice."""
        return self._content.digest()

    def check(self, raw_lines: Iterable[object]) -> Iterator[CheckedLine]:
        """Yield each line that fits; what does not is remembered for `finish`.

        Raises:
            InvalidInvoiceError: after `MOST_PROBLEMS` problems, beyond `MOST_LINES`, or where `raw_lines` raises it.
        """
        for raw in self._readable(raw_lines):
            self.count += 1
            if self.count > MOST_LINES:
                raise self._error(whole(f"more than {MOST_LINES} lines", "lines"))
            try:
                line = checked(raw)
            except ValidationError as error:
                self._problems += _problems(error, self.count)
                if len(self._problems) >= MOST_PROBLEMS:
                    raise self._error([]) from None
                continue
            self.total = added(self.total, line)
            self._content.update(f"{line.text}\n".encode())
            yield line

    def finish(self) -> None:
        """Compare the control totals.

        Raises:
            InvalidInvoiceError: a line did not fit, or a control total does not agree.
        """
        if self._problems:
            raise self._error([])
        header = self.header
        if header.line_count is not None and header.line_count != self.count:
            raise self._error(
                whole(f"says {header.line_count}, but the number of lines is {self.count:,}", "line_count")
            )
        if header.total is not None and header.total != self.total:
            raise self._error(
                whole(
                    f"says {header.total}, but the lines add up to {self.total}: each line's quantity times unit_price "
                    "is rounded half up to cents (0.125 becomes 0.13, -0.125 becomes -0.13), and then they are added. "
                    "Round in the same way, or leave total out",
                    "total",
                )
            )

    def _readable(self, raw_lines: Iterable[object]) -> Iterator[object]:
        """Pass the lines on; one that cannot even be read ends the check, with all that is known by then."""
        try:
            yield from raw_lines
        except InvalidInvoiceError as error:
            raise self._error(error.problems) from None

    def _error(self, more: list[InvoiceProblem]) -> InvalidInvoiceError:
        return InvalidInvoiceError([*self._problems, *more][:MOST_PROBLEMS], identity(self.header))


def identity(header: InvoiceHeader) -> KnownIdentity:
    """Return what an answer needs to say which invoice it speaks of."""
    return {
        "event_id": str(header.event_id),
        "partner_id": header.partner_id,
        "invoice_id": header.invoice_id,
        "revision": header.revision,
    }


def json_lines(texts: Iterable[bytes]) -> Iterator[object]:
    """Parse a JSON-lines file; blank lines are passed over and not counted, byte order marks too.

    Raises:
        InvalidInvoiceError: a line is not JSON.
    """
    bare = (text.removeprefix(_BYTE_ORDER_MARK).strip() for text in texts)
    for number, text in enumerate((text for text in bare if text), start=1):
        yield read_json_line(text, number)


def read_json_line(text: bytes, line_no: int) -> object:
    """Parse one line of a JSON-lines file.

    Raises:
        InvalidInvoiceError: it is not JSON.
    """
    try:
        return from_json(text)
    except ValueError as error:
        raise InvalidInvoiceError([InvoiceProblem(field="", line=line_no, message=f"not JSON: {error}")]) from None


def _problems(error: ValidationError, line: int | None) -> list[InvoiceProblem]:
    return [
        InvoiceProblem(field=".".join(str(part) for part in problem["loc"]), line=line, message=complaint(problem))
        for problem in error.errors(include_input=False, include_url=False)
    ]
