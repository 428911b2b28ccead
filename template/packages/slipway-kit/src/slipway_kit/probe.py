"""Ask the service in this container whether it is ready: the image's health check.

It runs every few seconds, so it imports nothing of the service.
"""

import os
import sys
from http.client import HTTPConnection, HTTPException

SECONDS = 3.0
_WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 -- to ask, not to listen
_NO_ANSWER = (OSError, HTTPException)


def is_ready(host: str, port: int) -> bool:
    """Return whether the readiness check returns 200.

    Args:
        host: The address that the service listens on; a wildcard is asked on loopback.
        port: Its port.
    """
    connection = HTTPConnection(_WILDCARDS.get(host, host), port, timeout=SECONDS)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == 200  # noqa: PLR2004 -- OK
    except _NO_ANSWER:
        return False
    finally:
        connection.close()


def main() -> int:
    """Ask at the address in the environment; return an exit status."""
    host, port = os.environ.get("HOST", ""), os.environ.get("PORT") or "8000"
    return 0 if is_ready(host, int(port)) else 1


if __name__ == "__main__":
    sys.exit(main())
