"""Bars as SVG, drawn by ourselves: a few rectangles need no library, and the files stay small and the same."""

from collections.abc import Mapping
from html import escape

WIDTH, LABEL, VALUE, ROW, TOP = 720, 130, 90, 26, 34
OURS, OTHERS = "#2563a8", "#9aa5b1"


def bars(title: str, values: Mapping[str, float]) -> str:
    """Return a drawing of one bar for each name; that of halosync has a colour of its own."""
    height, most = TOP + ROW * len(values) + 8, max(values.values())
    font = 'font-family="sans-serif" font-size="13"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" {font}>',
        f'<title>{escape(title)}</title><rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="8" y="21" font-weight="bold">{escape(title)}</text>',
    ]
    for place, (name, value) in enumerate(values.items()):
        y, length = TOP + ROW * place, (WIDTH - LABEL - VALUE) * value / most
        colour = OURS if name == "halosync" else OTHERS
        shown = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
        parts.append(f'<text x="{LABEL - 8}" y="{y + 16}" text-anchor="end">{escape(name)}</text>')
        parts.append(f'<rect x="{LABEL}" y="{y + 3}" width="{length:.1f}" height="{ROW - 8}" fill="{colour}"/>')
        parts.append(f'<text x="{LABEL + length + 6:.1f}" y="{y + 16}">{shown}</text>')
    return "\n".join([*parts, "</svg>\n"])
