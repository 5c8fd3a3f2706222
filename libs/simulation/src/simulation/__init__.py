"""The real planner and writer on a virtual clock, with faults by seed: the sandbox's Halo, doubles of the rest."""
