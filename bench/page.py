"""The tables of the pages, made of the files that rows have written: `python bench --page`.

A table stands between two marks, and only what is between them is written.
"""

from pathlib import Path

from page_tables import TABLES, table_of
from results import FOLDER, page_table, read, shown
from rows import COMPARED, OTHERS

ROOT = Path(__file__).parent.parent
HEADLINES = {
    "throughput": ("20,000 creates, 2 writers: times the best task queue", "1,500 creates, 2 writers: times DBOS"),
    "limited": ("10,000 changes, times the ideal with the reserve counted",),
    "requests": ("requests of a Sync beyond the least, at most",),
}
"""What the first page says of a row: how the names of its figures begin."""


def first_page(folder: Path = FOLDER) -> str:
    """Return the table of the README: a few figures, each with its bench.

    Raises:
        ValueError: the file of a row has no such figure, or several.
    """
    lines = ["| measured | found | by |", "| --- | --- | --- |"]
    for name, headlines in HEADLINES.items():
        result = read(folder, name)
        if result is None or result.wrong:
            continue
        for headline in headlines:
            figures = [figure for figure in result.figures if figure.what.startswith(headline)]
            if len(figures) != 1:
                raise ValueError(f"{len(figures)} figures of {name} begin with {headline!r}")
            found = shown(figures[0].found, figures[0].unit)
            lines.append(f'| {figures[0].what} | {found} | `make bench ARGS="--only {name}"` |')
    return "\n".join(lines)


def marked(page: str, name: str, table: str) -> str:
    """Return a page with a table between its marks.

    Raises:
        ValueError: the page has no such marks.
    """
    before, begin, rest = page.partition(f"<!-- bench: {name} -->\n")
    _, end, after = rest.partition(f"<!-- end: {name} -->")
    if not begin or not end:
        raise ValueError(f"the page has no marks for {name}")
    return f"{before}{begin}{table}\n{end}{after}"


def pages(folder: Path = FOLDER) -> dict[Path, str]:
    """Return the pages with tables as they should be."""
    performance, readme = ROOT / "docs" / "performance.md", ROOT / "README.md"
    page = marked(performance.read_text(encoding="utf-8"), "compared", page_table(COMPARED, folder))
    page = marked(page, "others", page_table(OTHERS, folder))
    for name in TABLES:
        page = marked(page, name, table_of(name, folder))
    first = marked(readme.read_text(encoding="utf-8"), "first", first_page(folder))
    return {performance: page, readme: first}


def write_pages() -> None:
    for path, page in pages().items():
        path.write_text(page, encoding="utf-8")
