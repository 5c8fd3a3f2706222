"""What a company is called without the words that only say what kind of company it is, in many languages."""

_ENDINGS = frozenset(
    {
        *("ab", "aps", "as", "asa", "ag", "bhd", "bv", "bvba", "co", "coltd", "company", "corp", "corporation"),
        *("cv", "dac", "doo", "eg", "eirl", "eurl", "ev", "gbr", "ge", "gesmbh", "gmbh", "inc", "incorporated"),
        *("kft", "kg", "kgaa", "kk", "lda", "limited", "llc", "llp", "lp", "ltd", "ltda", "mbh", "nv"),
        *("nyrt", "ohg", "oo", "oü", "oy", "oyj", "plc", "private", "proprietary", "pte", "pty", "pvt"),
        *("sa", "saoc", "sapi", "sarl", "sas", "sasu", "scs", "sdn", "se", "sgps", "sia", "sl", "slu"),
        *("snc", "sp", "spa", "spk", "spółka", "spzoo", "srl", "sro", "tbk", "ug", "uab", "vof", "zoo"),
        *("zrt", "株式会社", "有限会社", "合同会社", "有限公司", "股份有限公司", "주식회사", "בעמ"),
        "\u043e\u043e\u043e",  # the Russian one, in its own letters
    }
)
"""Without full stops and strokes: "B.V." and "a/s" are "bv" and "as"."""
_LEADING = frozenset({"\u043e\u043e\u043e", "株式会社", "有限会社", "合同会社", "주식회사", "pt", "cv"})
"""Kinds of company that also stand before the name."""
_JOINING = frozenset({"&", "and", "und", "et", "y", "e", "z", "o"})
"""Words that go with an ending before or behind them: "& Co", "sp. z o.o."."""
_IGNORED = str.maketrans("", "", ".,/()\"'\u05f4\u05f3")


def without_ending(key: str) -> tuple[str, frozenset[str]]:
    """Return a `name_key` without the words for the kind of company, and those words; a name keeps one word at least.

    "contoso pty ltd" is "contoso" with "pty" and "ltd". What only looks so in another language goes, too: the result is
    for comparing and never shown.
    """
    words = key.split()
    plain = [word.translate(_IGNORED) for word in words]
    first, last = 0, len(words)
    kinds: set[str] = set()
    while last > 1 and (plain[last - 1] in _ENDINGS or (kinds and plain[last - 1] in _JOINING)):
        last -= 1
        kinds |= {plain[last]} - _JOINING
    while last - first > 1 and plain[first] in _LEADING:
        kinds.add(plain[first])
        first += 1
    return " ".join(words[first:last]), frozenset(kinds)
