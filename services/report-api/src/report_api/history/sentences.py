"""What a reader of histories is told when there is none."""

NO_LICENCE = "Neither a run nor the last read of Halo knows this licence."
NO_LINE = "The invoice has no such line."
