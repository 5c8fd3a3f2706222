"""`python -m planner`."""

from halosync.launch import launch

if __name__ == "__main__":
    launch("planner.composition")
