"""Every place that names a section of a page of `docs/` names one that is there.

A reference is written `spec section 3`, `halo-api sections 2 and 3`, `architecture section "The portal"`: the page, by
the name of its file (`spec` is `docs/specification.md`), then the number or the heading of a section. `section 5.8` is
a heading of that number, or item 8 of the list in section 5. What follows a comma, `section 3, "Shrunk reads"`, stands
in that section.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("libs", "services", "tests", "bench", "deploy", "docs", "requirements")
KINDS = {".py", ".sql", ".md", ".html", ".js", ".css", ".toml", ".yml", ".txt"}
OF_WHAT_IS_NOT_THERE = {"test_docs.py", "test_references.py"}
"""These name, on purpose, what does not exist."""

PAGES = {path.stem: path.read_text("utf-8") for path in (*ROOT.glob("docs/*.md"), *ROOT.glob("*.md"))}
PAGES["spec"] = PAGES.pop("specification")

_LINE_ENDS = re.compile(r"\n\s*(?:#|--|\*)?\s*")
_OF_OTHERS = re.compile(r"(?:RFC \d+|WHATWG HTML),? section [\d.]+")
_NUMBER = r"\d+(?:\.\d+)?"
_PART = r'"[^"]+"|`[^`]+`|[FI]\d+(?: (?:and|to) [FI]\d+)?'
_REFERENCE = re.compile(
    rf'(?:([\w-]+) )?\(?sections? ({_NUMBER}(?:(?:, | and | to ){_NUMBER})*|"[^"]+")(?:, (?:the )?({_PART}))?'
)
_HEADING = re.compile(rf"^(#{{2,4}}) (?:({_NUMBER})\.? )?(.+)$", re.MULTILINE)
_OTHERWISE = re.compile(
    r"\b(?:halo-api|messaging-facts|architecture|spec|specification)(?:\.md)?`?,? §?\d"
    r"|\b(?:halo-api|messaging-facts|architecture|spec|specification)\.md`? sections?"
    r"|\bspecification sections? \d|\bmessaging-facts F\d|\bissue \d|\bseed, \d"
)
_PATH = re.compile(r"(?<![\w./-])docs/[\w./-]*\w")
_DECISION = re.compile(r"\bdecision (\d+)\b")


def texts() -> dict[str, str]:
    """Return every text of the repository by its path, a sentence of several lines made one."""
    below = [path for part in PARTS for path in (ROOT / part).rglob("*") if "generated" not in path.parts]
    files = [path for path in (*below, *ROOT.glob("*")) if path.suffix in KINDS and path.is_file()]
    return {
        path.relative_to(ROOT).as_posix(): _OF_OTHERS.sub("", _LINE_ENDS.sub(" ", path.read_text("utf-8")))
        for path in files
        if path.name not in OF_WHAT_IS_NOT_THERE and ".egg-info" not in path.as_posix()
    }


TEXTS = texts()


def sections(page: str) -> Iterator[tuple[str, str, str]]:
    """Yield number (or ""), title and text of each section; the text has the subsections too."""
    headings = list(_HEADING.finditer(page))
    for place, heading in enumerate(headings):
        level = len(heading[1])
        after = [following.start() for following in headings[place + 1 :] if len(following[1]) <= level]
        yield heading[2] or "", heading[3], page[heading.end() : after[0] if after else len(page)]


@cache
def section(page: str, name: str) -> str | None:
    """Return the text of the section of that number or that quoted title; None when there is none."""
    for number, title, text in sections(page):
        if name in (number, f'"{title}"'):
            return text
    whole, _, item = name.partition(".")
    if item and (body := section(page, whole)) is not None:
        found = re.search(rf"^{item}\. .*", re.split(r"^##", body, maxsplit=1, flags=re.MULTILINE)[0], re.MULTILINE)
        return found and found[0]
    return None


def broken(path: str, text: str) -> Iterator[str]:
    """Yield the references in `text` that lead nowhere. A page may name a section of its own without its name."""
    own = Path(path).stem.replace("specification", "spec") if path.endswith(".md") else ""
    for reference in _REFERENCE.finditer(text):
        page, names, part = reference.groups()
        target = PAGES.get(page if page in PAGES else own, "")
        for name in [names] if names.startswith('"') else re.split(r", | and | to ", names):
            body = section(target, name)
            parts = re.split(" and | to ", part) if part and part[0] in "FI" else [part.strip('"`')] if part else []
            if not body or (parts and not all(said in " ".join(body.split()) for said in parts)):
                yield reference[0]


@pytest.mark.parametrize("path", sorted(path for path, text in TEXTS.items() if "section" in text))
def test_every_section_that_is_named_is_there(path: str) -> None:
    assert list(broken(path, TEXTS[path])) == []


def test_sections_are_named_in_one_way() -> None:
    assert {path: found for path, text in TEXTS.items() if (found := _OTHERWISE.findall(text))} == {}


def test_every_page_and_every_decision_that_is_named_is_there() -> None:
    there = [path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*")]
    named = {(path, page) for path, text in TEXTS.items() for page in _PATH.findall(text)}
    assert [(path, page) for path, page in sorted(named) if not any(known.startswith(page) for known in there)] == []
    records = [page for page in there if page.startswith("docs/decisions/")]
    decisions = {(path, int(number)) for path, text in TEXTS.items() for number in _DECISION.findall(text)}
    assert [(path, number) for path, number in sorted(decisions) if not 1 <= number <= len(records)] == []


@pytest.mark.parametrize(
    "reference",
    [
        *("spec section 3", "spec sections 4 and 7", "spec sections 3 to 5", "spec section 5.8", "spec section 15.12"),
        *('spec section 3, "Shrunk reads"', "spec section 3, `removal`", "messaging-facts section 4.2"),
        *("messaging-facts section 6.5, F5", "messaging-facts section 6.5, F14 to F17"),
        *('actions section "A refused array"', 'CONTRIBUTING section "Tests"'),
    ],
)
def test_a_reference_is_resolved(reference: str) -> None:
    assert list(broken("some.py", reference)) == []


@pytest.mark.parametrize(
    "reference",
    [
        *("spec section 16", "spec sections 4 and 70", "spec section 5.9", "spec section 15.8", "section 3"),
        *('spec section 3, "Grown reads"', "spec section 4, `removal`", "messaging-facts section 4.3"),
        *("messaging-facts section 6.5, F26", "messaging-facts section 6.5, F14 to F27"),
        *('actions section "A refused array of"', 'nowhere section "Tests"', "nowhere section 3"),
    ],
)
def test_a_reference_that_leads_nowhere_is_noticed(reference: str) -> None:
    assert list(broken("some.py", reference)) == [reference]


def test_a_reference_to_a_lost_place_of_a_list_is_noticed() -> None:
    assert section("## 5. Always\n\n1. one\n2. two\n", "5.2") == "2. two"
    assert section("## 5. Always\n\n1. one\n2. two\n", "5.3") is None
