"""The fault matrix: the real processes when something dies, hangs or lies (docs/faults.md)."""
