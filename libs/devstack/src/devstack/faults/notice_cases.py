"""The delivery of notices, hurt in the middle: told at least once, as the same notice (spec section 11, "Told")."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from devstack.faults.case import Case
from devstack.faults.trial import Trial
from devstack.ports import LOOPBACK
from devstack.service import REPORT_API

_TOLD = b'"type":"run.finished"'


class _Receiver:
    """Takes notices, but lets the first that a run has ended wait for its answer for ever.

    Attributes:
        told: the ids of those notices, one for each time that it came.
        waiting: set once the first has come.
    """

    def __init__(self) -> None:
        self.told: list[str] = []
        self.waiting = asyncio.Event()

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take a request."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().splitlines()
        headers = dict(line.split(": ", 1) for line in head[1:] if ": " in line)
        if _TOLD in await reader.readexactly(int(headers["content-length"])):
            self.told.append(headers["webhook-id"])
            if len(self.told) == 1:
                self.waiting.set()
                await reader.read()  # until its sender is gone
        writer.write(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
        writer.close()


@asynccontextmanager
async def _receiver(trial: Trial) -> AsyncIterator[_Receiver]:
    receiver = _Receiver()
    async with await asyncio.start_server(receiver.take, LOOPBACK, 0) as server:
        url = f"http://{LOOPBACK}:{server.sockets[0].getsockname()[1]}/"
        made = await trial.fault_stack.api.post(f"/v1/partners/{trial.name}/webhooks", json={"url": url})
        made.raise_for_status()
        yield receiver
        # The partner's next run is told to nobody: who took it is gone.
        gone = await trial.fault_stack.api.delete(f"/v1/partners/{trial.name}/webhooks/{made.json()['webhook_id']}")
        gone.raise_for_status()


async def _kill_while_telling(trial: Trial) -> None:
    """Kill report-api while a receiver has its notice and has not answered."""
    async with _receiver(trial) as receiver:
        await trial.until_ended()
        await asyncio.wait_for(receiver.waiting.wait(), 30)
        api = trial.fault_stack.stack.services[REPORT_API]
        await api.process.kill()
        await trial.fault_stack.restore()

        async def told() -> bool:
            deliveries = await trial.fetch(
                "SELECT d.state, d.notice_id FROM notice_delivery d JOIN notice n USING (notice_id)"
                " WHERE n.partner_id = $1 AND n.type = 'run.finished' AND d.webhook_id IS NOT NULL",
                trial.name,
            )
            ids = {str(each["notice_id"]) for each in deliveries}
            done = [each["state"] for each in deliveries] == ["delivered"]
            return done and len(receiver.told) > 1 and ids == set(receiver.told)

        await trial.until(told, what="the notice that was on its way, once more and as the same one")


CASES = (
    Case(
        "api-kill-telling",
        "report-api",
        "kill -9 while a webhook's receiver has a notice and has not answered",
        inject=_kill_while_telling,
    ),
)
