"""`python -m halo_writer`."""

from halosync.launch import launch

if __name__ == "__main__":
    launch("halo_writer.composition")
