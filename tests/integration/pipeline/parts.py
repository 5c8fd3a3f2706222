"""What a pipeline is made of: tokens of the sandbox, what a test may set, lines of invoices."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from devstack.fields import Fields
from halo_sandbox.testing import RunningSandbox
from halosync.contracts.connection import TokenGranted
from halosync.domain.array_size import ArraySizeBounds
from halosync.domain.page_size import PageSizeBounds
from halosync.ports.permits import Rate
from halosync.ports.tokens import AuthAwayError, ConnectionLostError, TokenUnavailableError
from halosync.store.pool import Pool
from pydantic import SecretStr

TENANT, PARTNER, APPLICATION = "acme", "acme-msp", "halosync-test"
LONGEST_WAIT_S = 60.0


class SandboxTokens:
    """Tokens straight from the sandbox, as auth would give them."""

    def __init__(self, sandbox: RunningSandbox) -> None:
        self._sandbox = sandbox
        self._generation = 0
        self._tokens: dict[str, str] = {}
        self.others = 0  # how many refused tokens another process has replaced before
        self.lost: ConnectionLostError | TokenUnavailableError | AuthAwayError | None = None

    async def get(self, partner_id: str, tenant: str, *, rejected_generation: int | None = None) -> TokenGranted:
        if self.lost is not None:
            raise self.lost
        renewed = rejected_generation == self._generation and not self.others
        self.others -= rejected_generation == self._generation and self.others > 0
        if tenant not in self._tokens or rejected_generation == self._generation:
            self._tokens[tenant] = (await self._sandbox.admin.issue_tokens(tenant, APPLICATION))["access_token"]
            self._generation += 1
        return TokenGranted(
            partner_id=partner_id,
            tenant=tenant,
            access_token=SecretStr(self._tokens[tenant]),
            generation=self._generation,
            expires_at=datetime.now(UTC) + timedelta(hours=1),
            renewed=renewed,
        )


@dataclass
class Tuning:
    """What a test may set before it builds a pipeline."""

    rate: Rate = field(default_factory=lambda: Rate(500, 300.0))
    page_size: int = 100
    most_rows: int | None = None
    batch_size: int = 50
    most_batch: int | None = None
    timeout_s: float = 2.0
    slow_s: float = 60.0  # what a busy machine takes is not slow
    settle_s: float = 0.2
    delays_s: tuple[float, ...] = (0.05, 0.1)
    max_attempts: int = 4

    @property
    def array_sizes(self) -> ArraySizeBounds:
        return ArraySizeBounds(self.batch_size, self.most_batch or self.batch_size, self.slow_s)

    @property
    def page_sizes(self) -> PageSizeBounds:
        return PageSizeBounds(self.page_size, self.most_rows or self.page_size, self.slow_s)


@dataclass(frozen=True)
class Pools:
    """The test's database as each of those who work on it may use it."""

    everything: Pool
    planner: Pool
    writer: Pool


def line(number: int, **values: str) -> Fields:
    """Return a line of an invoice; what does not matter to the test is filled in."""
    return {
        "line_id": str(number),
        "customer_id": "C-1",
        "customer_name": "Contoso",
        "product_code": "P-1",
        "product_name": "",
        "kind": "recurring",
        "quantity": "1",
        "unit_price": "10.00",
        "billing_cycle": "Monthly",
        **values,
    }
