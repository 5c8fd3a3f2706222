"""The certificate of a closed month as files: a PDF, and its exceptions as CSV."""

from collections.abc import AsyncIterator, Sequence

from fastapi import Response

from report_api.heavy_work import HeavyWork
from report_api.months.certificate_models import Certificate, CertifiedException
from report_api.months.certificate_pdf import MEDIA_TYPE, certificate_pdf
from report_api.web.csv_export import CHUNK, csv_response

_COLUMNS = tuple(CertifiedException.model_fields)


async def pdf_response(certificate: Certificate, partner_name: str, heavy_work: HeavyWork) -> Response:
    """Return the certificate as a PDF."""
    content = await heavy_work.done(certificate.partner_id, certificate_pdf, certificate, partner_name)
    name = f'attachment; filename="certificate-{certificate.period}.pdf"'
    return Response(content, media_type=MEDIA_TYPE, headers={"Content-Disposition": name, "Vary": "Accept"})


def exceptions_response(certificate: Certificate) -> Response:
    """Return all exceptions of the certificate as CSV."""
    return csv_response(
        _COLUMNS,
        _chunks(certificate.exceptions),
        f"certificate-{certificate.period}.csv",
        cells=lambda each: [getattr(each, name) for name in _COLUMNS],
    )


async def _chunks(exceptions: Sequence[CertifiedException]) -> AsyncIterator[Sequence[CertifiedException]]:
    for first in range(0, len(exceptions), CHUNK):
        yield exceptions[first : first + CHUNK]
