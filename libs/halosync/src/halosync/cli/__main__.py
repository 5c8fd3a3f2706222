"""`python -m halosync.cli` is the same as `halosync`."""

from halosync.cli.main import main

main()
