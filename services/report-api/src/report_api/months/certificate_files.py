"""The certificate of a closed month as files: a PDF, and its exceptions as CSV."""

from collections.abc import AsyncIterator, Sequence
from importlib import import_module

from fastapi import Response

from report_api.heavy_work import HeavyWork, WorkDiedError
from report_api.months.certificate_models import Certificate, CertifiedException
from report_api.web.csv_export import CHUNK, FOR_PROGRAMS, Signs, csv_response
from report_api.web.problems import Problem, unavailable

_OF_THE_MONTH = ("period", "currency", "invoice_ids")
_COLUMNS = tuple(CertifiedException.model_fields)
_PDF = "application/pdf"


async def pdf_response(certificate: Certificate, partner_name: str, heavy_work: HeavyWork) -> Response:
    """Return the certificate as a PDF.

    Raises:
        Problem: 503 when others' files take too long, 422 when this one is too large to be made.
    """
    try:
        content = await heavy_work.done(certificate.partner_id, made_pdf, certificate, partner_name)
    except TimeoutError:
        raise unavailable("The PDF is not ready yet; try again in a moment, or take the CSV.") from None
    except (MemoryError, WorkDiedError):
        raise Problem(422, "too_large", "This certificate is too large for a PDF; take the CSV.") from None
    name = f'attachment; filename="certificate-{certificate.period}.pdf"'
    return Response(content, media_type=_PDF, headers={"Content-Disposition": name, "Vary": "Accept"})


def made_pdf(certificate: Certificate, partner_name: str) -> bytes:
    """Return the certificate as a PDF. What makes it is loaded here, in a process that ends with it: 30 MB."""
    content: bytes = import_module("report_api.months.certificate_pdf").certificate_pdf(certificate, partner_name)
    return content


def exceptions_response(certificate: Certificate, signs: Signs = FOR_PROGRAMS) -> Response:
    """Return all exceptions of the certificate as CSV; each says of which month, currency and invoices it is."""
    month = [certificate.period, certificate.currency, [each.invoice_id for each in certificate.invoices]]
    return csv_response(
        (*_COLUMNS, *_OF_THE_MONTH),
        _chunks(certificate.exceptions),
        f"certificate-{certificate.period}.csv",
        cells=lambda each: [*(getattr(each, name) for name in _COLUMNS), *month],
        signs=signs,
    )


async def _chunks(exceptions: Sequence[CertifiedException]) -> AsyncIterator[Sequence[CertifiedException]]:
    for first in range(0, len(exceptions), CHUNK):
        yield exceptions[first : first + CHUNK]
