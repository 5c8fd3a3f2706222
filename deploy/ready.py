"""Ask a process in the same container whether it is ready; the exit status is the answer."""

import os
import sys
import urllib.request

url = sys.argv[1] if len(sys.argv) > 1 else f"http://127.0.0.1:{os.environ['HALOSYNC_HEALTH_PORT']}/readyz"
try:
    with urllib.request.urlopen(url, timeout=4) as answer:  # noqa: S310 - our own address
        sys.exit(0 if answer.status == 200 else 1)
except OSError as error:
    sys.exit(f"{url}: {error}")
