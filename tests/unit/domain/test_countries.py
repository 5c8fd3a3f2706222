"""Countries whose holidays are known, by their names."""

import itertools

from halosync.contracts.settings import PartnerSettings
from halosync.domain.countries import countries, country_name


def test_every_country_has_a_name_of_words() -> None:
    names = [name for _, name in countries()]
    assert len(set(names)) == len(names) > 200
    assert {("AU", "Australia"), ("IM", "Isle of Man"), ("CD", "Congo, Democratic Republic of the")} <= set(countries())
    assert all(PartnerSettings(country=code) for code, _ in countries())
    glued = [name for name in names if any(a.islower() and b.isupper() for a, b in itertools.pairwise(name))]
    assert glued == ["Heard Island and McDonald Islands"]


def test_a_code_is_called_by_its_name() -> None:
    assert (country_name("AU"), country_name("XX")) == ("Australia", "XX")
