"""`python -m auth`."""

from halosync.launch import FORMS, launch

if __name__ == "__main__":
    launch("auth.composition", without=FORMS)
