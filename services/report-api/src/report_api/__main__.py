"""`python -m report_api`."""

from halosync.launch import launch

if __name__ == "__main__":
    launch("report_api.composition")
