"""A value in an attribute is sent back as it is; in a text, it turns the direction of nothing behind it."""

from html.parser import HTMLParser
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import DictLoader, Environment
from report_api.web import rendering
from report_api.web.attributes import after
from report_api.web.rendering import ROOMS

TURNING = st.text("aש\"'<>&\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069", min_size=1)


class Reader(HTMLParser):
    """What a browser would send back, and what it shows."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.values: dict[str, str | None] = {}
        self.shown = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag
        self.values |= dict(attrs)

    def handle_data(self, data: str) -> None:
        self.shown += data


@pytest.fixture(scope="module")
def pages() -> Environment:
    """The environment of all pages, with templates of this test."""
    return rendering._environment().overlay(
        loader=DictLoader(
            {
                "field": """{% macro field(v) %}<input {% if v %}value="{{ v }}"{% endif %} alt='a > "{{ v }}'>{{ v }}
                {%- endmacro %}{{ field(v) }}<b data-none="{{ 'x' if not v }}">"</b>""",
            }
        )
    )


@given(TURNING)
def test_a_form_sends_back_what_it_was_given(pages: Environment, text: str) -> None:
    seen = Reader(pages.get_template("field").render(v=text))
    assert seen.values == {"value": text, "alt": f'a > "{text}', "data-none": ""}


def test_a_text_of_a_page_ends_what_it_turns(pages: Environment) -> None:
    assert Reader(pages.get_template("field").render(v="Foo\u202a")).shown == 'Foo\u202a\u202c"'


@pytest.mark.parametrize("mark", ["\u202a", "\u2067"])
def test_a_name_is_copied_as_it_is(mark: str) -> None:
    seen = Reader(
        rendering._environment()
        .from_string('{% from "web/parts.html" import copyable %}{{ copyable(name, "the name") }}')
        .render(name=f"Foo{mark}")
    )
    assert seen.values["data-copy"] == f"Foo{mark}"


def test_every_template_ends_outside_its_tags() -> None:
    templates = [
        file
        for room in ROOMS
        for file in (resources.files(f"report_api.{room}") / "templates").iterdir()
        if file.name.endswith(".html")
    ]
    assert len(templates) > 40
    for file in templates:
        state = ""
        for _, kind, value in rendering._environment().lex(file.read_text("utf-8")):
            state = after(state, value) if kind == "data" else state
        assert state == "", file.name
