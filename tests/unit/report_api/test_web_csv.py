"""Cells of CSV files, and who gets CSV."""

import re
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from time import thread_time

import pytest
from fastapi import Request
from hypothesis import given
from hypothesis import strategies as st
from report_api.web.csv_export import Signs, cell, for_reader, unguarded, wants_csv
from report_api.web.languages import speak


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        (True, "true"),
        (-5, "-5"),
        (Decimal("-0.0000001"), "-0.0000001"),
        (Decimal("1E+3"), "1000"),
        ("-12.5", "-12.5"),
        ("+61", "+61"),
        ("+61 2", "'+61 2"),
        ("-1+1", "'-1+1"),
        ("=1", "'=1"),
        ("@x", "'@x"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("＝1", "'＝1"),
        ("a=1", "a=1"),
        (["=1", "2"], "'=1; 2"),
        ("-٣", "'-٣"),
        ("a;=1", "a;'=1"),
        ("a; -b;c", "a; '-b;c"),
        (["1", "=1"], "1; '=1"),
        ("\t=1", "'\t'=1"),
    ],
)
def test_a_cell(value: object, expected: str) -> None:
    assert cell(value) == expected


@pytest.mark.parametrize(
    ("language", "signs"),
    [
        ("en-AU", Signs(",", ".")),
        ("de-DE,de;q=0.9,en;q=0.8", Signs(";", ",")),
        ("fr", Signs(";", ",")),
        ("de-CH", Signs(";", ".")),
        ("ja", Signs(",", ".")),
        ("", Signs(",", ".")),
    ],
)
def test_a_file_of_a_page_has_the_signs_of_its_readers_spreadsheet(language: str, signs: Signs) -> None:
    speak(language)
    assert replace(for_reader(), time=None) == replace(signs, keeps_digits=True)


def test_a_decimal_has_the_readers_sign_and_a_text_that_looks_like_one_stays() -> None:
    assert [cell(value, ",") for value in (Decimal("-1234.50"), "12.50", 7)] == ["-1234,50", "12.50", "7"]


def test_a_time_is_one_that_a_spreadsheet_knows_for_people_and_iso_8601_for_programs() -> None:
    at = datetime.fromisoformat("2026-11-29T17:08:45.861327+02:00")
    assert cell(at) == "2026-11-29T15:08:45.861327+00:00"
    assert cell(at, time=for_reader().time) == "2026-11-29 15:08:45"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("007", '="007"'),
        ("-007.50", '="-007.50"'),
        ("1234567890123456", '="1234567890123456"'),
        ("12E4", '="12E4"'),
        *(
            (text, f'="{text}"')
            for text in ("+49170123", "1.10", "1234567890123456.5", "1-2", "3/4", "07-01", "1:30", "1.2.26")
        ),
        ("0", "0"),
        ("0.5", "0.5"),
        ("700", "700"),
        ("-12.5", "-12.5"),
        ("C-007", "C-007"),
        ("\u0660\u0667", "\u0660\u0667"),
        ('="007"', '\'="007"'),
        ('007";=1', "007\";'=1"),
        (1234567890123456, "1234567890123456"),
        (Decimal("0.10"), "0.10"),
        (["007"], '="007"'),
        (["007", "8"], "007; 8"),
    ],
)
def test_a_text_of_digits_stays_as_it_is_in_a_spreadsheet(value: object, expected: str) -> None:
    assert for_reader().keeps_digits
    assert cell(value, keeps_digits=True) == expected
    for made in (expected, cell(value)):
        assert unguarded(made) == ("; ".join(value) if isinstance(value, list) else str(value))
    assert not cell(value).startswith("="), "programs get no formula"


@given(st.text('0123456789.eE+-/:"=;'))
def test_the_only_formula_shows_digits_and_is_read_as_they_were(text: str) -> None:
    made = cell(text, keeps_digits=True)
    assert unguarded(made) == text
    if made.startswith("="):
        assert made == f'="{text}"'
        assert re.fullmatch(r"[\d.eE+/:-]+", text)


TURNS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""The marks that turn the direction of what follows, and those that end it."""


def directions(text: str) -> list[int]:
    """Return what is still open behind a text, by the rules of UAX 9: each mark's own number."""
    open_marks: list[int] = []
    for character in text:
        if character in "\u202a\u202b\u202d\u202e\u2066\u2067\u2068":
            open_marks.append(ord(character))
        elif character == "\u202c" and open_marks and open_marks[-1] < 0x2066:
            open_marks.pop()
        elif character == "\u2069" and max(open_marks, default=0) >= 0x2066:
            while open_marks.pop() < 0x2066:
                pass
    return open_marks


@given(st.text(f"aש=;\u2060{TURNS}"))
def test_what_turns_the_direction_ends_with_its_cell_and_is_read_as_it_was(text: str) -> None:
    made = cell(text)
    assert directions(made) == []
    assert unguarded(made) == text
    if not directions(text) and "\u2060" not in text:
        assert made.replace("'", "") == text.replace("'", ""), "what has its end is left as it is"
    assert made.replace("'", "").startswith(text), "nothing is taken away"


def test_a_name_that_turns_the_line_round_turns_nothing_behind_its_cell() -> None:
    assert cell("Contoso \u202egro.live") == "Contoso \u202egro.live\u2060\u202c"
    assert cell("\u2067a\u202eb") == "\u2067a\u202eb\u2060\u202c\u2069"
    persian = "\u0645\u06cc\u200c\u062e"
    assert cell(persian) == persian, "scripts that need a character that is not seen keep it"


@given(st.text(st.characters(exclude_characters=TURNS)))
def test_no_text_begins_a_formula(text: str) -> None:
    made = cell(text)
    assert made.replace("'", "") == text.replace("'", ""), "only apostrophes are added"
    assert not re.search(r"[;\t]\s*[=+\-@]", made)
    if made[:1] in {"=", "@", "\t", "\r"}:
        raise AssertionError(made)
    if made[:1] in {"+", "-"}:
        float(made)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", False),
        ("*/*", False),
        ("text/csv", True),
        ("TEXT/CSV; charset=utf-8", True),
        ("text/csv, */*", True),
        ("text/csv, */*;q=0.1", True),
        ("text/csv;q=0.5, */*", False),
        ("text/csv, application/json", False),
        ("text/csv, application/json;q=0.9", True),
        ("text/csv;q=0", False),
        ("text/csv;q=nonsense", False),
        ("text/html,application/xhtml+xml,*/*;q=0.8", False),
    ],
)
def test_who_gets_csv(accept: str, expected: bool) -> None:
    request = Request({"type": "http", "headers": [(b"accept", accept.encode())]})
    assert wants_csv(request) is expected


def seconds_of_processor(text: str) -> float:
    """The least of three, so that what else the machine does counts for little."""

    def once() -> float:
        begun = thread_time()
        unguarded(cell(text))
        return thread_time() - begun

    return min(once() for _ in range(3))


@pytest.mark.parametrize(
    "piece",
    ["\t", " ", ";", "; ", "\t'", "';", "'", " \t;'", ";='", "\u202e", "\u2066", "\u2066\u202e\u2069", "\u2060"],
)
def test_a_text_twice_as_long_takes_about_twice_as_long(piece: str) -> None:
    # An attack: a pattern that tries anew at every tab made of 40 kB twelve seconds, of 80 kB forty-eight.
    few, many = seconds_of_processor(piece * 20_000), seconds_of_processor(piece * 160_000)
    assert many < 8 * 3 * few + 0.01
