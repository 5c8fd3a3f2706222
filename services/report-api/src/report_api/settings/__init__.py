"""Everything that a partner can choose."""
