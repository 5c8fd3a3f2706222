"""What is said when a certificate's PDF cannot be made."""

from types import SimpleNamespace
from typing import cast
from unittest.mock import AsyncMock

import pytest
from report_api.heavy_work import HeavyWork, WorkDiedError
from report_api.months.certificate_files import pdf_response
from report_api.months.certificate_models import Certificate
from report_api.web.problems import Problem


@pytest.mark.parametrize(
    ("error", "status", "waits"),
    [(TimeoutError(), 503, True), (MemoryError(), 422, False), (WorkDiedError(), 422, False)],
)
async def test_who_gets_no_pdf_is_told_to_wait_or_to_take_the_csv(error: Exception, status: int, waits: bool) -> None:
    heavy = cast("HeavyWork", AsyncMock(**{"done.side_effect": error}))
    certificate = cast("Certificate", SimpleNamespace(partner_id="acme-msp", period="2026-10"))
    with pytest.raises(Problem) as caught:
        await pdf_response(certificate, "Acme", heavy)
    assert caught.value.status_code == status
    assert ("Retry-After" in (caught.value.headers or {})) is waits
    assert "take the CSV" in caught.value.detail
