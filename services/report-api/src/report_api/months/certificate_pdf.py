"""The certificate of a closed month as PDF.

By fpdf2, which is Python alone, with uharfbuzz for the shaping: no library of the system has to be there. The fonts are
Noto, under the SIL Open Font License, from packages of PyPI, so that every machine sets every name the same way; of
each only what is used is embedded. The large ones, for Chinese, Japanese and Korean, are read only where a name needs
them: that takes a second or two.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib import import_module, resources
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

from fpdf import FPDF
from fpdf.fonts import FontFace, TTFFont
from halosync.contracts.message import INVISIBLE

from report_api.months.certificate_models import Certificate, CertifiedException, CertifiedInvoice, CertifiedRun
from report_api.months.sentences import approved_words, label, run_kind
from report_api.runs.sentences import requester
from report_api.web import formats

MEDIA_TYPE = "application/pdf"

MOST_ROWS = 300
"""The most exceptions in the PDF: each takes about 50 ms of the processor. The CSV has all."""
MOST_OTHERS = 50
"""The most invoices, billing cycles and runs there: a partner can have any number of them."""

_LATIN = ("fontpkg_noto_sans", "files/NotoSans[wdth,wght].ttf")
_RTL, _CJK = "justmytype_intl_rtl", "justmytype_intl_cjk"
_ARABIC = r"\u0600-\u06ff\u0750-\u08ff\ufb50-\ufdff\ufe70-\ufeff"
_HAN = (
    r"\u2e80-\u303f\u3100-\u312f\u31a0-\u4dbf\u4e00-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff"
)
_FALLBACKS: Sequence[tuple[str, str, str, str]] = (
    ("arabic", _ARABIC, _RTL, "notosansarabic/NotoSansArabic[wdth,wght].ttf"),
    ("hebrew", r"\u0590-\u05ff\ufb1d-\ufb4f", _RTL, "notosanshebrew/NotoSansHebrew[wdth,wght].ttf"),
    ("japanese", r"\u3040-\u30ff\uff66-\uff9f", _CJK, "notosansjp/NotoSansJP[wght].ttf"),
    ("korean", r"\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff", _CJK, "notosanskr/NotoSansKR[wght].ttf"),
    ("chinese", _HAN, _CJK, "notosanssc/NotoSansSC[wght].ttf"),
)
"""Fonts for what the first has not: a name, the characters that call for it, and where it is.

In the order in which they are asked for a character: a name with kana has its Han characters as Japanese has them.
"""

_UNSEEN = re.compile(f"[{INVISIBLE}\\u0000-\\u001f\\u007f]")
"""Also marks that turn the direction: what follows a name must not be read backwards."""
_MARGIN, _LINE, _TEXT, _SMALL, _HEAD, _TITLE = 15, 5, 9, 7, 11, 16
_ROW, _ROW_TEXT, _PADDING = 3.6, 8, (0.6, 1.5)
"""Of tables: twenty exceptions with a note each are one page, and a number never touches the words beside it."""
_RULE = 200
"""How light the lines between rows are: 0 is black, 255 white."""
_REGULAR = 400
_NO_GLYPH = "?"
"""Stands for a character that no font has."""


def certificate_pdf(certificate: Certificate, partner_name: str) -> bytes:
    """Return the certificate as a PDF. It takes seconds of the processor: call it as heavy work."""
    with TemporaryDirectory() as fonts:
        return _made(certificate, partner_name, Path(fonts))


def _made(certificate: Certificate, partner_name: str, fonts: Path) -> bytes:
    text = certificate.model_dump_json() + partner_name
    title = f"Certificate, {formats.month(certificate.period)}, {partner_name}"
    pdf = _Document(text, certificate.closed_at, title, fonts)
    currency = certificate.currency
    pdf.words(f"Certificate: {formats.month(certificate.period)}", _TITLE)
    changes = certificate.changes
    for name, value in (
        ("Partner", partner_name),
        ("Closed", f"{_time(certificate.closed_at)}, by {requester(certificate.closed_by)}"),
        *(("Invoice", _invoice(each, currency)) for each in certificate.invoices[:MOST_OTHERS]),
        *(("Invoices", rest) for rest in _rest(certificate.invoices)),
        *(("Not recurring", each) for each in _not_recurring(certificate)),
        ("Fingerprint of the lines", certificate.fingerprint),
        ("Licences", f"{changes.created:,} created, {changes.updated:,} updated, {changes.deleted:,} removed"),
    ):
        pdf.words(f"{name}: {value}", _TEXT)
    pdf.words("Totals", _HEAD)
    pdf.rows(
        ("Billing cycle", f"Billed ({currency})", "In Halo", "Explained below"),
        (
            (
                each.billing_cycle or "No billing cycle",
                formats.amount(each.billed),
                formats.amount(each.in_halo),
                formats.signed(each.explained),
            )
            for each in certificate.totals[:MOST_OTHERS]
        ),
        (4, 2, 2, 2),
        "LRRR",
    )
    for rest in _rest(certificate.totals):
        pdf.words(rest, _TEXT)
    pdf.words("Exceptions", _HEAD)
    if certificate.exceptions:
        heads = ("Customer", "Product", f"Billed ({currency})", "In Halo", "Why")
        shown = certificate.exceptions[:MOST_ROWS]
        pdf.rows(heads, (_exception(each, pdf) for each in shown), (6, 5, 4, 4, 11), "LLRRL")
        if len(certificate.exceptions) > len(shown):
            all_of_them = f"{len(certificate.exceptions):,}"
            pdf.words(f"These are the first {len(shown):,} of {all_of_them}. The certificate as CSV has all.", _TEXT)
    else:
        pdf.words("None: everything that was billed is in Halo.", _TEXT)
    pdf.words("Syncs and undos", _HEAD)
    for words in chain(map(run_words, certificate.runs[:MOST_OTHERS]), _rest(certificate.runs)):
        pdf.words(words, _TEXT)
    if not certificate.runs:
        pdf.words("None.", _TEXT)
    return pdf.made()


def run_words(run: CertifiedRun) -> str:
    """Return what a run did, who started it, what its person approved, and under which settings."""
    done = f"{run.created:,} created, {run.updated:,} updated, {run.deleted:,} removed, {run.failed:,} failed"
    all_done = f"{run_kind(run)}, {_time(run.started_at)}, by {requester(run.requested_by)}: {done}, {run.held:,} held."
    return " ".join([all_done, *approved_words(run)])


def _rest(every: Sequence[object]) -> list[str]:
    """Return what is said of those that are not set, if there are any."""
    more = len(every) - MOST_OTHERS
    return [f"and {more:,} more, which the certificate's page has"] if more > 0 else []


def _invoice(each: CertifiedInvoice, currency: str) -> str:
    lines, total = formats.plural(each.line_count, "line"), formats.money(each.total, currency)
    return f"{each.invoice_id}, revision {each.revision}, {lines}, {total}"


def _not_recurring(certificate: Certificate) -> list[str]:
    """Return what explains the difference between the totals of the invoices and what is certified, if there is any."""
    amount = certificate.not_recurring
    return (
        [f"{formats.money(amount, certificate.currency)} in all. Such charges and credits make no licence."]
        if amount
        else []
    )


def _exception(each: CertifiedException, pdf: "_Document") -> tuple[str, ...]:
    why = label(each.reason)
    if each.note:
        why += f". Accepted by {requester(each.accepted_by or '')}: “{each.note}”"
    amounts = (formats.amount(each.billed), formats.amount(each.in_halo))
    # Whose it is can be read also where a name is in a script that no font here has.
    name = each.customer_name if pdf.can_set(each.customer_name) else f"{each.customer_name} ({each.customer_id})"
    return (name, each.product_code or each.licence_name or formats.NOTHING, *amounts, why)


def _time(at: datetime) -> str:
    utc = at.astimezone(UTC)
    return f"{formats.day(utc.date())}, {utc:%H:%M} UTC"


def _regular(path: str, text: str, to: Path) -> Path:
    """Write the regular weight of a font, with the characters of a text alone: all of them take half a minute."""
    # It says nothing of its types.
    subset, tables, instancer = (import_module(f"fontTools.{name}") for name in ("subset", "ttLib", "varLib.instancer"))
    font = tables.TTFont(path, lazy=True)
    options = subset.Options(layout_features=["*"])
    of_text = subset.Subsetter(options)
    of_text.populate(text=text)
    of_text.subset(font)
    axes = {axis.axisTag: axis.defaultValue for axis in font["fvar"].axes}
    instancer.instantiateVariableFont(font, {**axes, "wght": _REGULAR}, inplace=True)
    font.save(to)
    return to


class _Page(FPDF):
    """A page with its number at the foot."""

    def footer(self) -> None:
        """Write it."""
        self.set_y(-_MARGIN)
        self.set_font("latin", size=_SMALL)
        self.cell(0, _LINE, f"Converge, page {self.page_no()}", align="R")


class _Document:
    """A document in which every name can be set; `fonts` keeps those that were made for it until it is written."""

    def __init__(self, text: str, made_at: datetime, title: str, fonts: Path) -> None:
        self._pdf = pdf = _Page(format="A4")
        pdf.set_margin(_MARGIN)
        pdf.set_auto_page_break(auto=True, margin=_MARGIN)
        pdf.set_title(_UNSEEN.sub("", title))
        pdf.set_lang("en")
        pdf.set_creation_date(made_at)
        package, path = _LATIN
        pdf.add_font("latin", fname=str(resources.files(package) / path))
        needed = [name for name, characters, _, _ in _FALLBACKS if re.search(f"[{characters}]", text)]
        for name, _, package, path in _FALLBACKS:
            if name in needed:
                whole = str(resources.files(package) / "fonts/ofl" / path)
                pdf.add_font(name, fname=_regular(whole, text, fonts / f"{name}.ttf"))
        pdf.set_fallback_fonts(needed, exact_match=False)
        pdf.set_text_shaping(use_shaping_engine=True)
        pdf.add_page()
        self._known = frozenset(
            chain.from_iterable(font.cmap for font in pdf.fonts.values() if isinstance(font, TTFFont))
        )

    def _settable(self, text: str) -> str:
        """Return a text without marks that nobody sees, and with a sign for each character that no font has."""
        seen = _UNSEEN.sub("", text)
        return "".join(each if ord(each) in self._known else _NO_GLYPH for each in seen)

    def can_set(self, text: str) -> bool:
        """Tell whether there is a font for each character."""
        return all(ord(each) in self._known for each in _UNSEEN.sub("", text))

    def words(self, text: str, size: int) -> None:
        """Write a paragraph."""
        if size == _HEAD:
            self._pdf.ln(_LINE / 2)
        self._pdf.set_font("latin", size=size)
        self._pdf.multi_cell(0, size * 0.55, self._settable(text), new_x="LMARGIN", new_y="NEXT", align="L")

    def rows(self, heads: Sequence[str], rows: Iterable[Sequence[str]], widths: tuple[int, ...], aligned: str) -> None:
        """Write a table; its head is repeated on each page."""
        self._pdf.set_font("latin", size=_ROW_TEXT)
        self._pdf.set_draw_color(_RULE)
        with self._pdf.table(
            col_widths=widths,
            text_align=tuple({"L": "LEFT", "R": "RIGHT"}[each] for each in aligned),
            line_height=_ROW,
            padding=_PADDING,
            v_align="TOP",
            borders_layout="HORIZONTAL_LINES",
            headings_style=FontFace(color=(71, 84, 103), fill_color=(235, 238, 242)),
        ) as table:
            for cells in (heads, *rows):
                table.row([self._settable(cell) for cell in cells])

    def made(self) -> bytes:
        """Return the file."""
        return bytes(self._pdf.output())
