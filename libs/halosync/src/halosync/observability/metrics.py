"""Every Prometheus metric of halosync.

What is counted by label is counted from zero, here or where its labels are known: an alarm cannot see a first event
grow out of nothing.
"""

from prometheus_client import Counter, Gauge, Histogram, Info

from halosync.contracts.registry import MESSAGES
from halosync.domain.model import Action, Outcome
from halosync.domain.states import RunState
from halosync.version import VERSION

BUILD = Info("halosync_build", "The version that runs, and the process that it is")


def tell_build(process: str) -> None:
    """Tell what this process is. An alarm goes by it: where none of a kind is left, nobody tells it."""
    BUILD.info({"version": VERSION, "process": process})


DELIVERIES = Counter("halosync_deliveries_total", "Deliveries by what became of them", ["queue", "result"])
OUTBOX_PUBLISHED = Counter("halosync_outbox_published_total", "Messages that the relay published", ["message_type"])
for _message_type in MESSAGES:
    OUTBOX_PUBLISHED.labels(_message_type)
OUTBOX_FAILURES = Counter("halosync_outbox_failures_total", "Attempts of the relay that the broker did not confirm")
HALO_REQUESTS = Counter("halosync_halo_requests_total", "Requests to Halo", ["method", "status"])
HALO_SECONDS = Histogram("halosync_halo_request_seconds", "How long Halo takes to answer", ["method"])
for _method in ("GET", "POST", "DELETE"):
    HALO_SECONDS.labels(_method)
    for _status in ("200", "401", "403", "429", "500", "502", "503", "504", "ConnectError", "ReadTimeout"):
        HALO_REQUESTS.labels(_method, _status)
RATE_WAITS = Counter("halosync_rate_waits_total", "How often work had to wait for the request budget")
RATE_BLOCKS = Counter("halosync_rate_blocks_total", "How often Halo answered 429")
RATE_FOREIGN = Counter(
    "halosync_rate_foreign_total", "Requests of others in the budget, as seen when Halo answered 429"
)
CLOCK_JUMPS = Counter("halosync_clock_jumps_total", "How often the clock of Postgres was seen to have jumped ahead")
ITEMS_RECORDED = Counter("halosync_items_recorded_total", "Items that reached an outcome", ["action", "outcome"])
for _action in (Action.CREATE, Action.UPDATE, Action.DELETE):
    for _outcome in (Outcome.SYNCED, Outcome.SKIPPED, Outcome.FAILED):
        ITEMS_RECORDED.labels(_action, _outcome)
RUNS_FINISHED = Counter("halosync_runs_finished_total", "Runs by the state they ended in", ["state"])
for _state in RunState:
    if _state.is_final:
        RUNS_FINISHED.labels(_state)
SWEPT = Counter("halosync_swept_total", "Work that a sweeper had to ask for again", ["what"])
for _what in ("run", "batch"):
    SWEPT.labels(_what)
TOKEN_REFRESHES = Counter("halosync_token_refreshes_total", "Token refreshes by result", ["result"])
for _result in ("stored", "transient", "invalid_grant"):
    TOKEN_REFRESHES.labels(_result)
IN_FLIGHT = Gauge("halosync_halo_in_flight", "Writes to Halo in flight")
READY = Gauge("halosync_ready", "Whether a part of the process works: 1 or 0", ["part"])
WRONG_KEYS = Counter("halosync_wrong_keys_total", "Requests and sign-ins with an API key that is unknown or revoked")
REQUESTS_REFUSED = Counter(
    "halosync_requests_refused_total", "Requests refused because their key or person has too many at once", ["use"]
)
LOOP_LAG = Gauge("halosync_loop_lag_seconds", "How late the event loop was at worst in the last 30 seconds")
PUBLISHING_BLOCKED = Gauge("halosync_publishing_blocked", "Whether the broker refuses to be published to: 1 or 0")
HTTP_CONNECTIONS_ENDED = Counter(
    "halosync_http_connections_ended_total", "Connections that were ended or refused before the client did", ["why"]
)
for _why in ("slow", "made room", "refused"):
    HTTP_CONNECTIONS_ENDED.labels(_why)
HTTP_REQUESTS = Counter(
    "halosync_http_requests_total", "Requests to report-api by route and class of status", ["method", "route", "status"]
)
HTTP_SECONDS = Histogram(
    "halosync_http_request_seconds", "How long report-api takes to answer, streams aside", ["area"]
)
for _area in ("api", "pages"):
    HTTP_SECONDS.labels(_area)
INVARIANTS_BROKEN = Gauge(
    "halosync_invariants_broken", "How many rows break what always holds: 0, or a defect of ours", ["invariant"]
)
FIGURES = {
    name: Gauge(f"halosync_{name}", text)
    for name, text in (
        ("partners", "Partners"),
        ("paused", "Partners whose runs may not start"),
        ("connected", "Connections to Halo that work"),
        ("broken", "Connections to Halo that are broken"),
        ("open_runs", "Runs that have not ended"),
        ("oldest_open_run_s", "For how many seconds the oldest open run has gone on; 0 without one"),
        ("issued_batches", "Batches that writers were asked to work on"),
        ("planned_batches", "Batches that wait for their turn"),
        ("items_held", "Items that the newest run of each partner holds"),
        (
            "invoices_missing",
            "Partners whose invoice was expected and has not arrived by the end of the next business day",
        ),
        ("outbox", "Messages that are still to be published"),
        ("oldest_outbox_s", "For how many seconds the oldest of them waits; 0 without one"),
        ("dead_letters", "Dead letters that nobody has replayed or discarded"),
    )
}
"""By the names of `halosync.store.operations.Figures`; every planner asks Postgres for them on a timer."""
