"""`python -m planner`."""

from halosync.launch import FORMS, launch

if __name__ == "__main__":
    launch("planner.composition", without=FORMS)
