"""What each way of removal does to Halo's recurring invoices, for people (spec section 9; halo-api section 5)."""

from collections.abc import Mapping
from types import MappingProxyType

from halosync.domain.model import Removal

REMOVAL_EFFECTS: Mapping[Removal, str] = MappingProxyType(
    {
        Removal.DELETE: (
            "A line of a recurring invoice in Halo that points to the licence loses it. What that line bills then is "
            "up to Halo, and a licence that is made later is not billed by it until you link the two in Halo."
        ),
        Removal.DEACTIVATE: (
            "A line of a recurring invoice in Halo keeps its licence. Whether it then stops billing is a setting of "
            "Halo: look there before you choose this."
        ),
        Removal.ZERO: (
            "A line of a recurring invoice in Halo keeps its licence. If it takes its quantity from the licence, it "
            "bills 0 of it."
        ),
    }
)
