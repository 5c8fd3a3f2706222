"""Why no run was started, as problems with what to do."""

from collections.abc import Awaitable
from uuid import UUID

from halosync.store.retrying import NothingLeft, NothingLeftError, OutdatedRunError
from halosync.store.runs import (
    EmptyInvoiceError,
    NoInvoiceError,
    NoRunError,
    NotConnectedError,
    RunInProgressError,
)

from report_api.web.problems import NOT_CONNECTED, Problem, not_found

NO_RUN = "There is no such run."

_NOTHING_LEFT: dict[NothingLeft, str] = {
    "succeeded": "The run did everything; nothing is left to retry.",
    "preview": "A preview writes nothing, so there is nothing to retry. Start a run instead.",
    "held": "Only removals are left, and they wait for approval: give their number in approve_removals.",
    "done_since": "A later run has done what this one left.",
}


async def started(run: Awaitable[UUID]) -> UUID:
    """Return the id of the run that `run` starts.

    Raises:
        Problem: it was not started; 404, 409 or 422 with the reason.
    """
    try:
        return await run
    except NoRunError:
        raise not_found(NO_RUN) from None
    except NoInvoiceError:
        raise not_found("There is no such invoice, or none was loaded yet.") from None
    except EmptyInvoiceError:
        detail = "The invoice has no lines, so there is nothing to synchronise. Ask the distributor about it."
        raise Problem(422, "invoice_empty", detail) from None
    except NotConnectedError:
        raise NOT_CONNECTED from None
    except RunInProgressError as error:
        detail = "A run is still going on. Wait for its end, or cancel it."
        raise Problem(409, "run_in_progress", detail, run_id=str(error.run_id)) from None
    except NothingLeftError as error:
        detail = _NOTHING_LEFT[error.why]
        raise Problem(409, "nothing_left", detail, why=error.why, held=error.held) from None
    except OutdatedRunError:
        detail = "A newer invoice, or a newer revision, has come since. Start a run for the newest one instead."
        raise Problem(409, "run_outdated", detail) from None
