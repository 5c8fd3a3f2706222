"""Templates without their indentation: hundreds of rows would carry it, and a browser shows none of it."""

import re
from collections.abc import Iterator

from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

_BLANKS = re.compile(r"[ \t]*\n\s*|[ \t]{2,}")


class Unindented(Extension):
    """Has templates break lines without blanks around. A value that a page shows stays as it is, also within `pre`."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """Yield the tokens of a template, its own text without indentation."""
        for token in stream:
            if token.type == "data":
                yield Token(token.lineno, token.type, _BLANKS.sub(_one, token.value))
            else:
                yield token


def _one(blanks: re.Match[str]) -> str:
    return "\n" if "\n" in blanks[0] else " "
