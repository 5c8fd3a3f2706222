"""A run that is being written, in Postgres."""

from halosync.domain.model import Action, LicenceState, Outcome
from halosync.domain.states import ActionState
from halosync.store.actions import ActionStore
from halosync.store.array_sizes import ArraySizeStore
from halosync.store.pool import Pool

from .stages import CLIENT, OUTCOMES, PARTNER, RUN_ID, STATE, TENANT


class RealStage:
    """On Postgres."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._seq = 0
        self.store = ActionStore(pool)
        self.array_sizes = ArraySizeStore(pool)

    async def set_up(self) -> None:
        await self._pool.execute("INSERT INTO partner (partner_id, name) VALUES ($1, 'Acme MSP')", PARTNER)
        await self._pool.execute(
            "INSERT INTO connection (partner_id, state, tenant) VALUES ($1, 'connected', $2)", PARTNER, TENANT
        )
        await self._pool.execute("INSERT INTO halo_snapshot VALUES ($1, $2, now())", PARTNER, TENANT)
        invoice_pk = await self._pool.fetchval(
            """INSERT INTO invoice (partner_id, invoice_id, revision, event_id, period, currency, issued_at, line_count,
            total) VALUES ($1, 'INV-1', 1, gen_random_uuid(), '2026-11', 'AUD', now(), 1, 1) RETURNING invoice_pk""",
            PARTNER,
        )
        await self._pool.execute(
            """INSERT INTO run (run_id, partner_id, invoice_pk, tenant, mode, state, requested_by, removal, price_field)
            VALUES ($1, $2, $3, $4, 'apply', 'writing', 'test', 'delete', 'price')""",
            RUN_ID,
            PARTNER,
            invoice_pk,
            TENANT,
        )

    async def batch(self, *actions: Action, state: str = "issued") -> tuple[int, list[int]]:
        batch_id = await self._pool.fetchval(
            """INSERT INTO batch (run_id, partner_id, tenant, kind, state, redeliver_at)
            VALUES ($1, $2, $3, 'write', $4, now() + interval '60 s') RETURNING batch_id""",
            RUN_ID,
            PARTNER,
            TENANT,
            state,
        )
        return batch_id, [await self._item(batch_id, action) for action in actions]

    async def _item(self, batch_id: int, action: Action) -> int:
        self._seq += 1
        licence_id = None if action is Action.CREATE else 100 + self._seq
        after = STATE if action is not Action.DELETE else LicenceState(None, None, None, active=False)
        item_id: int = await self._pool.fetchval(
            """INSERT INTO item (run_id, seq, customer_ids, customer_name, halo_client_id, licence_name,
            halo_licence_id, action, outcome, after_quantity, after_price, after_billing_cycle, after_active, line_nos,
            batch_id, action_state)
            VALUES ($1, $2, '{}', 'Contoso', $3, $4, $5, $6, 'pending', $7, $8, $9, $10, '{}', $11, 'waiting')
            RETURNING item_id""",
            *(RUN_ID, self._seq, CLIENT, f"P-{self._seq}", licence_id, action.value),
            *(after.quantity, after.price, after.billing_cycle, None if action is Action.DELETE else True, batch_id),
        )
        return item_id

    async def item(self, item_id: int) -> tuple[str, str, int]:
        [row] = await self._pool.fetch("SELECT action_state, outcome, attempts FROM item WHERE item_id = $1", item_id)
        return row["action_state"], row["outcome"], row["attempts"]

    async def put(self, item_id: int, state: ActionState) -> int:
        mark_no: int = await self._pool.fetchval(
            """UPDATE item SET action_state = $2, outcome = $3, settle_at = now() - interval '1 s' WHERE item_id = $1
            RETURNING mark_no""",
            *(item_id, state, OUTCOMES.get(state, Outcome.PENDING)),
        )
        return mark_no

    async def batch_of(self, item_id: int) -> int:
        batch_id: int = await self._pool.fetchval("SELECT batch_id FROM item WHERE item_id = $1", item_id)
        return batch_id

    async def run_state(self) -> str:
        state: str = await self._pool.fetchval("SELECT state FROM run")
        return state

    async def orders(self) -> list[int]:
        rows = await self._pool.fetch(
            """DELETE FROM outbox WHERE message_type = 'licence.actions.v1'
            RETURNING (convert_from(body, 'UTF8')::json ->> 'batch_id')::bigint AS batch_id"""
        )
        return sorted(row["batch_id"] for row in rows)

    async def pass_time(self, seconds: float) -> None:
        await self._pool.execute("UPDATE item SET settle_at = settle_at - make_interval(secs => $1)", seconds)
        await self._pool.execute("UPDATE batch SET redeliver_at = redeliver_at - make_interval(secs => $1)", seconds)

    async def cancel(self) -> None:
        await self._pool.execute("UPDATE run SET cancel_requested_at = now()")

    async def reviewed(self, *, wanted: bool, after_start_s: int | None) -> None:
        await self._pool.execute("UPDATE partner SET review_first_sync = $1", wanted)
        await self._pool.execute("UPDATE run SET started_at = now()")
        if after_start_s is not None:
            await self._pool.execute(
                "UPDATE halo_snapshot SET reviewed_at = (SELECT started_at FROM run) + make_interval(secs => $1)",
                after_start_s,
            )

    async def known(self, *licences: tuple[int, int]) -> None:
        await self._pool.executemany(
            "INSERT INTO halo_licence (partner_id, halo_licence_id, halo_client_id, name, is_active) "
            "VALUES ('acme-msp', $1, $2, 'x', true)",
            licences,
        )
