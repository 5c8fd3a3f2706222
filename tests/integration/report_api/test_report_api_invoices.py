"""Invoices and lines: what was loaded, and what became of each line."""

import csv
import io
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from tests.integration.report_api.conftest import ISSUED, item, line

if TYPE_CHECKING:
    from tests.integration.report_api.conftest import World

pytestmark = pytest.mark.integration
