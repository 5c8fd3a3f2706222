"""`python -m halo_writer`."""

from halosync.launch import FORMS, launch

if __name__ == "__main__":
    launch("halo_writer.composition", without=FORMS)
