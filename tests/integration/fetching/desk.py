"""Fetching the lines of an invoice from one host."""

import gzip
import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from halosync.contracts.invoice import InvoiceHeader
from halosync.contracts.invoice_checks import InvalidInvoiceError, LineChecker
from planner.lines_fetcher import LinesFetcher

from tests.integration.invoice_host import Answer, InvoiceHost
from tests.invoices import HEADER, line

LINES = b"".join(json.dumps(line(number)).encode() + b"\n" for number in range(1, 4))


@dataclass
class Desk:
    """Fetches from one host, and remembers which addresses were asked."""

    host: InvoiceHost
    fetcher: LinesFetcher
    asked: list[str] = field(default_factory=list)

    async def fetch(self, *answers: Answer | bytes, url: str | None = None, **more: str | int) -> list[str]:
        """Fetch and check the lines behind an address; return their ids."""
        if answers:
            self.host.answers(*answers)
        address = self.host.url() if url is None else url
        header = InvoiceHeader.model_validate(HEADER | {"lines_url": address, **more})
        async with self.fetcher.fetched(header) as lines:
            checker = LineChecker(header)
            ids = [line.line_id async for some in lines(checker) for line in some]
            checker.finish()
        return ids

    async def refused(self, *answers: Answer | bytes, **options: Any) -> list[tuple[int | None, str]]:
        """Fetch what must be refused for good; return line and field of each problem."""
        with pytest.raises(InvalidInvoiceError) as error:
            await self.fetch(*answers, **options)
        assert error.value.known["invoice_id"] == "INV-1"
        return [(problem.line, problem.field) for problem in error.value.problems]


PASSING = {
    **{str(status): Answer(LINES, status=status) for status in (408, 425, 429, 500, 502, 503, 504)},
    "broken off": Answer(LINES, promised=len(LINES) + 1),
    "gzip broken off": Answer(gzip.compress(LINES), promised=1000),
    "gzip cut": Answer(gzip.compress(LINES)[:-1]),
    "second member cut": Answer(gzip.compress(LINES) + gzip.compress(LINES)[:20]),
    "half the magic": Answer(b"\x1f"),
}
