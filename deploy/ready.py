"""Ask a process in the same container whether it is ready; the exit status is the answer.

    python -IS ready [PORT [PATH]]

It runs every few seconds in each container, so it loads next to nothing.
"""

import os
import socket
import sys

port = sys.argv[1] if len(sys.argv) > 1 else os.environ["HALOSYNC_HEALTH_PORT"]
path = sys.argv[2] if len(sys.argv) > 2 else "/readyz"
try:
    with socket.create_connection(("127.0.0.1", int(port)), timeout=4) as connection:
        connection.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        status = connection.recv(100).split(b" ")[1:2]
except OSError as error:
    sys.exit(f"port {port}: {error}")
sys.exit(None if status == [b"200"] else f"{path} of port {port} answers {status}")
