"""What a message is about goes into every line that is logged while it is worked on."""

import json

import pytest
from halosync.messaging.delivery import MOST_COPIED_BYTES, _ids

TOLD = {"event_id": "e-1", "partner_id": "acme-msp", "invoice_id": "INV-1"}
LARGE = {"lines": [{"partner_id": "not this one"}] * MOST_COPIED_BYTES}


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        (json.dumps(TOLD | {"revision": 1}).encode(), TOLD),
        (json.dumps(TOLD | LARGE).encode(), TOLD),
        (json.dumps(TOLD | LARGE, separators=(",", ":")).encode(), TOLD),
        (json.dumps({"batch_id": 7, "run_id": None}).encode(), {"batch_id": "7"}),
        (json.dumps({"partner_id": "x" * 500}).encode(), {"partner_id": "x" * 100}),
        (b"\xff" * (MOST_COPIED_BYTES + 1), {}),
        (b"[1]", {}),
        (b"{", {}),
    ],
)
def test_ids(body: bytes, ids: dict[str, str]) -> None:
    assert _ids(body) == ids
