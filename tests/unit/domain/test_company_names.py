import pytest
from halosync.domain.company_names import without_ending
from halosync.domain.names import name_key
from halosync.domain.suggestions import STRONG, Suggestions
from hypothesis import given
from hypothesis import strategies as st

ENDINGS = st.sampled_from(
    [
        *("Ltd", "Ltd.", "Pty Ltd", "PTY LTD", "GmbH", "GmbH & Co. KG", "Oy", "Oyj", "AB", "A/S", "B.V.", "S.A."),
        *("S.r.l.", "S.A.R.L.", "Sp. z o.o.", "Inc.", "LLC", "plc", "\u041e\u041e\u041e", "株式会社", "SE & Co. KGaA"),
        *("Co., Ltd.", "Sdn. Bhd.", "OÜ"),
    ]
)
WORD = st.text(st.characters(categories=["L", "N"]), min_size=4, max_size=12).filter(
    lambda word: len(name_key(word).split()) == 1 and without_ending(name_key(f"x {word}"))[1] == frozenset()
)
NAMES = st.lists(WORD, min_size=1, max_size=4).map(" ".join)


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("Contoso Pty Ltd", "contoso"),
        ("Contoso", "contoso"),
        ("Müller & Söhne GmbH & Co. KG", "müller & söhne"),
        ("Kowalski Sp. z o.o.", "kowalski"),
        ("\u041e\u041e\u041e Квант", "квант"),
        ("株式会社 トヨタ", "トヨタ"),
        ("Smith and Co", "smith"),
        ("\u041e\u041e\u041e Квант Сервис", "квант сервис"),
        ("PT CV Maju Jaya", "maju jaya"),
        ("PT", "pt"),
        ("PT PT", "pt"),
        ("Ltd", "ltd"),  # a name keeps a word
        ("Pty Ltd", "pty"),
        ("Smith & Wesson", "smith & wesson"),  # no kind of company behind the "&"
        ("", ""),
    ],
)
def test_a_company_is_known_without_its_kind(name: str, left: str) -> None:
    assert without_ending(name_key(name))[0] == left


@pytest.mark.parametrize(
    ("name", "kinds"),
    [("Contoso Pty Ltd", {"pty", "ltd"}), ("PT Maju Jaya", {"pt"}), ("Müller GmbH & Co. KG", {"gmbh", "co", "kg"})],
)
def test_all_words_for_the_kind_of_company_are_told(name: str, kinds: set[str]) -> None:
    assert without_ending(name_key(name))[1] == kinds


@given(NAMES, ENDINGS)
def test_whatever_the_ending_the_name_is_left_and_scores_high(name: str, ending: str) -> None:
    assert without_ending(name_key(f"{name} {ending}"))[0] == without_ending(name_key(name))[0]
    [found] = Suggestions([(1, f"{name} {ending}")], companies=True).best(name)
    assert STRONG <= found.score < 100


@given(NAMES, st.tuples(ENDINGS, ENDINGS))
def test_two_kinds_of_company_are_never_a_strong_match_and_the_same_name_always_is(
    name: str, endings: tuple[str, str]
) -> None:
    first, second = (f"{name} {ending}" for ending in endings)
    [found] = Suggestions([(1, second)], companies=True).best(first)
    kinds = [without_ending(name_key(each))[1] for each in (first, second)]
    if not kinds[0] & kinds[1]:
        assert found.score < STRONG
    [same] = Suggestions([(1, first)], companies=True).best(first)
    assert same.score == 100


@given(st.text(max_size=60))
def test_what_is_left_is_a_part_of_the_name_and_has_nothing_more_to_take(name: str) -> None:
    key = name_key(name)
    left, kinds = without_ending(key)
    assert left in key
    assert bool(left) == bool(key)
    assert kinds or left == key


def test_what_only_the_endings_have_in_common_is_not_alike() -> None:
    clients = Suggestions([(1, "Omega Pty Ltd"), (2, "Alphabet")], companies=True)
    assert 1 not in {each.id for each in clients.best("Alpha Pty Ltd")}


def test_licence_names_are_compared_as_they_are() -> None:
    assert Suggestions([(None, "Backup SE")]).best("Backup")[0].score < STRONG
    assert Suggestions([(None, "Backup SE")]).best("Backup SE")[0].score == 100
    [other] = Suggestions([(None, "Advanced Threat Protection AG")]).best("Advanced Threat Protection AS")
    assert other.score > STRONG, "licences have no kind of company"


def test_the_same_ending_on_both_neither_adds_nor_takes_away() -> None:
    with_ending = Suggestions([(1, "Contosso Ltd")], companies=True).best("Contoso Ltd")
    without = Suggestions([(1, "Contosso")], companies=True).best("Contoso")
    assert with_ending[0].score == without[0].score
