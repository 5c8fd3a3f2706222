"""`python bench`, which is `make bench`; see `runner.py`."""

import sys

from runner import end_on_sigterm, main

if __name__ == "__main__":
    end_on_sigterm()
    sys.exit(main(sys.argv[1:]))
