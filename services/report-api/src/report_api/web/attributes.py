"""Values in attributes: a form sends them back and a button copies them, so a page never changes them."""

import re
from collections.abc import Iterator

from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from markupsafe import Markup

_MARKS = re.compile(r"<(?=[A-Za-z/!])|[>\"']")
_TEXT, _TAG = "", "<"


class Exact(str):
    """A text that stands in a page as it is, but for its escapes."""

    __slots__ = ()


def exact(value: object) -> object:
    """Return a value of an attribute; a text as one that nothing is added to."""
    return Exact(value) if isinstance(value, str) and not isinstance(value, Markup) else value


class Attributes(Extension):
    """Has templates give `exact` every value that they write between `<` and `>`."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """Yield the tokens of a template, with the filter behind each expression within a tag."""
        state = _TEXT
        for token in stream:
            if token.type == "data":
                state = after(state, token.value)
            within = state != _TEXT
            if within and token.type == "variable_end":
                yield Token(token.lineno, "rparen", ")")
                yield Token(token.lineno, "pipe", "|")
                yield Token(token.lineno, "name", exact.__name__)
            yield token
            if within and token.type == "variable_begin":
                yield Token(token.lineno, "lparen", "(")


def after(state: str, markup: str) -> str:
    """Return where a template is behind a piece of it: in text, in a tag, or within one of its quotes."""
    for mark in _MARKS.findall(markup):
        if state == _TEXT:
            state = _TAG if mark == "<" else _TEXT
        elif state == _TAG:
            state = {">": _TEXT, "<": _TAG}.get(mark, mark)
        elif mark == state:
            state = _TAG
    return state
