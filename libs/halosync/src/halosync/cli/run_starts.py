"""`halosync run start`, `retry` and `undo`: what begins a run."""

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import typer

from halosync.cli.connections import with_database
from halosync.cli.failures import CommandError
from halosync.cli.named_partner import Behind, ByOption, named_partner
from halosync.cli.output import Json, emit_json, say
from halosync.cli.run_refusal import why_no_run
from halosync.domain.acts import COMMAND_LINE
from halosync.domain.run_order import RunMode, RunOrder
from halosync.ports.run_start import NoRunError, RunNotStartedError
from halosync.store.partners import PartnerStore
from halosync.store.pool import Pool
from halosync.store.run_retries import RunRetries
from halosync.store.run_views import RunViews
from halosync.store.runs import RunStore

_MOST_INT = 2_147_483_647


_Approve = Annotated[
    int | None,
    typer.Option(
        "--approve-removals",
        metavar="N",
        min=0,
        max=_MOST_INT,
        help="Release held removals: at most N, the number that was seen; more are held again.",
    ),
]
_ApproveReview = Annotated[
    int | None,
    typer.Option(
        "--approve-review",
        metavar="N",
        min=0,
        max=_MOST_INT,
        help="Release what the first review holds: at most N changes, the number that was seen; more are held again.",
    ),
]
_AcceptShrunk = Annotated[
    bool, typer.Option("--accept-shrunk-read", help="Go on although Halo shows far fewer licences than it did.")
]


class StartMode(StrEnum):
    """What `run start` can start; an undo has a command of its own."""

    APPLY = "apply"
    PREVIEW = "preview"


def start(
    behind: Behind = None,
    by_option: ByOption = None,
    invoice: Annotated[str | None, typer.Option("--invoice", metavar="ID", help="Default: the newest one.")] = None,
    mode: Annotated[StartMode, typer.Option("--mode", help="A preview plans and writes nothing.")] = StartMode.APPLY,
    *,
    approve_removals: _Approve = None,
    approve_review: _ApproveReview = None,
    accept_shrunk_read: _AcceptShrunk = False,
    allow_older: Annotated[
        bool, typer.Option("--allow-older", help="Also for an invoice that is older than what counts now.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Start a run. It is carried out by the services; follow it with `halosync run watch`.

    Example: halosync run start acme-msp
    """
    partner = named_partner(behind, by_option)
    order = RunOrder(
        RunMode(mode),
        invoice,
        approve_removals,
        accept_shrunk_read,
        approve_review=approve_review,
        allow_older=allow_older,
    )

    async def request(pool: Pool) -> UUID:
        await PartnerStore(pool).must_exist(partner)
        return await RunStore(pool).request(partner, order, by=COMMAND_LINE)

    _begin(request, as_json=as_json, partner=partner)


def retry(
    run_id: Annotated[UUID, typer.Argument(metavar="RUN_ID", help="A run that failed, was cancelled or left items.")],
    approve_removals: _Approve = None,
    approve_review: _ApproveReview = None,
    *,
    accept_shrunk_read: _AcceptShrunk = False,
    as_json: Json = False,
) -> None:
    """Start a new run for the same invoice that does only what is left. What was done already costs no request.

    Without --approve-removals it may remove what the first run was approved to remove and did not.

    Example: halosync run retry 3f2a77c0-5d7e-4a3c-9c1a-2f6f3b1d9e10
    """
    order = RunOrder(
        approve_removals=approve_removals, approve_review=approve_review, accept_shrunk_read=accept_shrunk_read
    )

    async def request(pool: Pool) -> UUID:
        return await RunRetries(pool).retry(run_id, order, by=COMMAND_LINE)

    _begin(request, as_json=as_json, run_id=run_id)


def undo(
    run_id: Annotated[UUID, typer.Argument(metavar="RUN_ID", help="The run whose changes are put back.")],
    approve_removals: _Approve = None,
    *,
    preview: Annotated[bool, typer.Option("--preview", help="Only show what would be put back.")] = False,
    accept_shrunk_read: _AcceptShrunk = False,
    as_json: Json = False,
) -> None:
    """Put back what a run changed in Halo, where Halo still shows it as that run left it.

    What was changed since is left as it is. What the run deleted comes back with a new number. An undo is a run like
    any other and can itself be undone. The next Sync does again what the invoice wants.

    Example: halosync run undo 3f2a77c0-0000-4000-8000-000000000000 --preview
    """
    order = RunOrder(
        RunMode.UNDO_PREVIEW if preview else RunMode.UNDO,
        approve_removals=approve_removals,
        accept_shrunk_read=accept_shrunk_read,
        undoes=run_id,
    )

    async def request(pool: Pool) -> UUID:
        run = await RunViews(pool).get(run_id)
        if run is None:
            raise NoRunError(str(run_id))
        return await RunStore(pool).request(run.partner_id, order, by=COMMAND_LINE)

    _begin(request, as_json=as_json, run_id=run_id)


def _begin(
    request: Callable[[Pool], Awaitable[UUID]],
    *,
    as_json: bool,
    partner: str | None = None,
    run_id: UUID | None = None,
) -> None:
    """Start a run by `request` and say its id, or why there is none, for the partner or the run that was named."""

    async def request_or_say_why(pool: Pool) -> UUID:
        try:
            return await request(pool)
        except RunNotStartedError as error:
            raise CommandError(why_no_run(error, partner=partner, run_id=run_id)) from None

    started = with_database(request_or_say_why)
    if as_json:
        emit_json({"run_id": started})
    else:
        say(f"Started run {started}. Next: halosync run watch {started}")
