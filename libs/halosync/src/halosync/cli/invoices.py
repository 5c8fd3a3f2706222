"""`halosync invoice`: check an invoice before it is sent, and send it as the invoice system does."""

from pathlib import Path
from typing import Annotated

import typer

from halosync.cli.connections import with_broker
from halosync.cli.failures import told
from halosync.cli.invoice_check import CheckedInvoice, check, read_file
from halosync.cli.output import Json, complain, emit_json, progress, say, show_table
from halosync.contracts.invoice import InvoiceReady
from halosync.contracts.invoice_checks import MOST_PROBLEMS
from halosync.domain.listing import counted
from halosync.messaging.publisher import Publisher
from halosync.messaging.topology import INVOICES

app = typer.Typer(help="Invoices: check and publish them.", no_args_is_help=True)

_File = Annotated[Path, typer.Argument(metavar="FILE", help="An invoice.ready.v1 event: one JSON object.")]
_Lines = Annotated[
    Path | None,
    typer.Option(
        "--lines", metavar="FILE", help="What lines_url will give (JSON lines, gzip allowed): checks these lines too."
    ),
]


@app.command("check")
def check_invoice(file: _File, lines: _Lines = None, *, as_json: Json = False) -> None:
    """Tell everything that is wrong with an invoice, with field and line. Exit code 1 if anything is.

    Example: halosync invoice check invoice.json
    """
    verdict = _verdict(read_or_fail(file), lines, quiet=as_json)
    if as_json:
        emit_json(verdict.as_json())
    else:
        _tell(verdict)
    if not verdict.ok:
        raise typer.Exit(1)


@app.command("publish")
def publish_invoice(
    file: _File,
    lines: _Lines = None,
    *,
    no_check: Annotated[bool, typer.Option("--no-check", help="Send the file as it is.")] = False,
    as_json: Json = False,
) -> None:
    """Check an invoice and publish it to converge.invoices; done when the broker has confirmed that it keeps it.

    Example: halosync invoice publish invoice.json
    """
    body = read_or_fail(file)
    verdict = None if no_check else _verdict(body, lines, quiet=as_json)
    if verdict is not None and not verdict.ok:
        if as_json:
            emit_json({"published": False, **verdict.as_json()})
        else:
            _tell(verdict)
            complain("not published; correct it, or send it as it is with --no-check")
        raise typer.Exit(1)
    with_broker(lambda publisher: _publish(publisher, body))
    if as_json:
        emit_json({"published": True, **(verdict.as_json() if verdict else {})})
    else:
        say(f"Published {file.name} ({counted(len(body), 'byte')}) to {INVOICES.name}.")


def read_or_fail(file: Path) -> bytes:
    """Return the contents of a file, or end the command with a line that says why not."""
    with told():
        return read_file(file)


def _verdict(body: bytes, lines: Path | None, *, quiet: bool) -> CheckedInvoice:
    with told(), progress(quiet=quiet) as bar:
        return check(body, lines, bar)


async def _publish(publisher: Publisher, body: bytes) -> None:
    name = InvoiceReady.message_type
    await publisher.publish(body, exchange=INVOICES, routing_key=name, message_type=name)


def _tell(verdict: CheckedInvoice) -> None:
    if verdict.header is None or verdict.problems:
        show_table(
            ["line", "field", "problem"],
            [(p.line or "header", p.field, p.message) for p in verdict.problems],
            empty="",
        )
        if len(verdict.problems) >= MOST_PROBLEMS:
            say(f"… and perhaps more: the check ends after {MOST_PROBLEMS} problems.")
        return
    who = f"{verdict.header.invoice_id} revision {verdict.header.revision} of {verdict.header.partner_id}"
    if verdict.line_count is None:
        say(f"{who}: the header is good. Its lines are at {verdict.header.lines_url} and were not checked (--lines).")
    else:
        say(f"{who}: good, {counted(verdict.line_count, 'line')}, {verdict.total} {verdict.header.currency}.")
