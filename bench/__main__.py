"""`python bench`, which is `make bench`; see `runner.py`."""

import signal
import sys

from runner import end_with_children, main

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, end_with_children)
    sys.exit(main(sys.argv[1:]))
