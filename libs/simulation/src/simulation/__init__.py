"""The real planner and writer against doubles of broker, database and Halo on a virtual clock, with faults by seed."""
