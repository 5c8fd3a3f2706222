"""`python -m auth`."""

from halosync.launch import launch

if __name__ == "__main__":
    launch("auth.composition")
