from halosync.domain.model import Removal
from halosync.domain.removal_sentences import REMOVAL_EFFECTS


def test_every_way_of_removal_says_what_it_does_to_recurring_invoices() -> None:
    assert set(REMOVAL_EFFECTS) == set(Removal)
    assert len(set(REMOVAL_EFFECTS.values())) == len(Removal)
    assert all("recurring invoice" in sentence for sentence in REMOVAL_EFFECTS.values())
