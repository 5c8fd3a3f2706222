"""Sentences: every code has one, for all who read it; what Halo says is quoted as plain text."""

import ast
from collections import defaultdict
from pathlib import Path
from typing import get_args

import pytest
from halosync.contracts.connection import RefusalCode
from halosync.domain import connection_sentences, run_sentences, write_sentences
from halosync.domain.connection_sentences import REFUSALS
from halosync.domain.listing import ended
from halosync.domain.run_sentences import WHY_NO_RUN, NoRun

ROOT = Path(__file__).parents[3]
PRODUCT = [ROOT / "libs/halosync/src", *(ROOT / "services").glob("*/src")]
RAISED = {"Problem": 1, "refusal": 0, "RequestRefused": 0, "ConnectionLostError": 0}
"""What carries a code to somebody who reads its sentence, and the place of the code among its arguments."""

ABOUT_THE_REQUEST = {"validation_failed", "unauthorized", "not_found", "forbidden"}
"""Codes that say of a request what is wrong with it: their sentences name the field, the header, the role, or what is
missing."""

WITH_ITS_OWN = {"invalid_tenant"}
"""Refusals whose sentence always has something of the case in it; a function makes it."""


def test_every_reason_why_no_run_starts_has_a_sentence() -> None:
    assert set(WHY_NO_RUN) == set(NoRun)


def test_every_refusal_has_a_sentence() -> None:
    assert set(REFUSALS) | WITH_ITS_OWN == set(get_args(RefusalCode))
    assert not set(REFUSALS) & WITH_ITS_OWN


def test_no_two_codes_say_the_same() -> None:
    for sentences in (REFUSALS, WHY_NO_RUN):
        assert len(set(sentences.values())) == len(sentences)


def test_no_code_has_two_sentences() -> None:
    """A sentence that is written where it is raised is the only one of its code; all others live in the domain."""
    written: dict[str, set[str]] = defaultdict(set)
    sources = [path.read_text("utf-8") for root in PRODUCT for path in root.rglob("*.py")]
    for source in (source for source in sources if any(name in source for name in RAISED)):
        for call in (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)):
            code, sentence = code_and_sentence(call)
            if code is not None and sentence is not None:
                written[code].add(sentence)
    assert {code: found for code, found in written.items() if code in REFUSALS or code in set(NoRun)} == {}
    twice = {code: found for code, found in written.items() if len(found) > 1 and code not in ABOUT_THE_REQUEST}
    assert twice == {}


def code_and_sentence(call: ast.Call) -> tuple[str | None, str | None]:
    """Return the code that a call carries and the sentence that is written there; None for what is not."""
    place = RAISED.get(getattr(call.func, "id", ""))
    if place is None:
        return None, None
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    code = named.get("code", call.args[place] if len(call.args) > place else None)
    texts = [named.get("detail"), *call.args[place + 1 :]]
    sentence = next((ast.unparse(text) for text in texts if isinstance(text, ast.JoinedStr | ast.Constant)), None)
    return (str(code.value) if isinstance(code, ast.Constant) else None), sentence


def test_words_from_an_address_become_plain_and_short() -> None:
    sentence = connection_sentences.denied("access_denied", "line one\r\n\x1b[31mline two " + "x" * 5000)
    assert "access_denied: line one [31mline two" in sentence
    assert sentence.isprintable()
    assert len(sentence) < 600


def test_a_refusal_says_more_where_more_is_known() -> None:
    assert "(" not in connection_sentences.denied()
    assert "these permissions: read:customers, all." in connection_sentences.missing_scope(["read:customers", "all"])
    assert "every permission that is needed." in connection_sentences.missing_scope()


@pytest.mark.parametrize(
    "sentence",
    [
        connection_sentences.rate_limited("14:05"),
        connection_sentences.limited_at_log_in("14:05"),
        connection_sentences.too_slow(10.0),
        connection_sentences.unreadable("Bad gateway"),
        connection_sentences.forbidden("clients", "no\nrights"),
        connection_sentences.contradiction("licences", 7, 0),
        run_sentences.read_failed("Bad gateway"),
        run_sentences.read_incomplete("7 rows are said and 5 shown"),
        run_sentences.row_unreadable("licence 7 has the count 'many', which is no number"),
        connection_sentences.row_unreadable("client row 2 of the page has no id"),
        run_sentences.permission_problem("403"),
        run_sentences.internal_error(),
        write_sentences.rejected("No."),
        write_sentences.permission_denied("403"),
        write_sentences.unavailable("502"),
        write_sentences.answered(500, "It is referenced."),
        write_sentences.no_access("auth is away"),
        write_sentences.kept_under_another_name("R&D", "R&amp;D"),
        write_sentences.vanished(7),
        write_sentences.another_shown(7),
        write_sentences.never_looked_up("Gone."),
        write_sentences.shows_too_little(3),
        write_sentences.connection_lost(connection_sentences.BROKEN),
        connection_sentences.other_tenant("acme", "contoso"),
    ],
)
def test_a_sentence_is_plain_text(sentence: str) -> None:
    assert sentence.isprintable()
    assert sentence[0].isupper()


def test_a_licence_that_only_a_look_up_found_is_named_and_left_for_the_review() -> None:
    text = write_sentences.not_reviewed(7)
    assert "#7" in text
    assert "was left as it was" in text
    assert "Press Sync" in text


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("Bad name", "Bad name."),
        ("Bad name. ", "Bad name."),
        ("Really?", "Really?"),
        ('It says "no."', 'It says "no."'),
        ('no "BAD"', 'no "BAD".'),
        ("", ""),
    ],
)
def test_what_halo_says_stands_in_a_sentence_of_its_own(words: str, sentence: str) -> None:
    assert ended(words) == sentence


def test_our_advice_is_a_new_sentence_after_halos_words() -> None:
    assert "Bad name. Correct it" in write_sentences.rejected("Bad name")
    assert "referenced. Correct it" in write_sentences.answered(500, "It is referenced")
    assert run_sentences.read_failed("boom").endswith("Halo said: boom.")
