"""What halosync decides, as arithmetic: no I/O, no clock, no randomness (an import contract watches this)."""
