"""`halosync status`: how much of everything there is, on one screen."""

from dataclasses import asdict

from halosync.cli.connections import with_database
from halosync.cli.output import Json, emit_json, show_table
from halosync.store.operations import Figures, OperationsStore


def status(*, as_json: Json = False) -> None:
    """Show how much of everything there is: partners, connections, open runs, messages, dead letters.

    Example: halosync status
    """
    figures = with_database(lambda pool: OperationsStore(pool).figures())
    if as_json:
        emit_json(asdict(figures))
        return
    show_table(["what", "how many", ""], _rows(figures), empty="")


def _rows(figures: Figures) -> list[tuple[str, int, str]]:
    return [
        ("partners", figures.partners, f"{figures.paused} paused" if figures.paused else ""),
        ("connected to Halo", figures.connected, ""),
        ("broken connections", figures.broken, "halosync partner list" if figures.broken else ""),
        ("open runs", figures.open_runs, _since(figures.open_runs, figures.oldest_open_run_s)),
        ("batches with the writers", figures.issued_batches, ""),
        ("batches that wait", figures.planned_batches, ""),
        ("items held for approval", figures.items_held, ""),
        ("partners whose invoice is overdue", figures.invoices_missing, ""),
        ("messages to publish", figures.outbox, _since(figures.outbox, figures.oldest_outbox_s)),
        ("dead letters", figures.dead_letters, "halosync dead-letters list" if figures.dead_letters else ""),
    ]


def _since(number: int, seconds: float) -> str:
    return f"the oldest for {duration(seconds)}" if number else ""


def duration(seconds: float) -> str:
    """Say a time in its largest unit: `40 s`, `12 min`, `5 h`, `3 days`."""
    for unit, length in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
