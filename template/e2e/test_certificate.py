"""The certificate that the service is reached by is renewed in time."""

import socket
import ssl
import time
from urllib.parse import urlsplit

import pytest

TIMEOUT_SECONDS = 10.0
# Renewal is due when a third of its life is left. With half of that gone it keeps failing.
LEAST_LEFT = 1 / 6


def test_it_has_some_of_its_life_left(api_url: str) -> None:
    url = urlsplit(api_url)
    if url.scheme != "https" or not url.hostname:
        pytest.skip("E2E_API_URL is not https, so there is no certificate")
    address = (url.hostname, url.port or 443)
    context = ssl.create_default_context()
    with (
        socket.create_connection(address, TIMEOUT_SECONDS) as plain,
        context.wrap_socket(plain, server_hostname=url.hostname) as connection,
    ):
        certificate = connection.getpeercert() or {}

    begins, ends = (
        ssl.cert_time_to_seconds(str(certificate[name])) for name in ("notBefore", "notAfter")
    )
    left = (ends - time.time()) / (ends - begins)
    assert left > LEAST_LEFT, f"it ends on {certificate['notAfter']} and was not renewed"
