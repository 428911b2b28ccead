"""The image's health check."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from slipway_kit import probe


class Answers(BaseHTTPRequestHandler):
    """A service that is ready, or not."""

    status = 200
    paths: list[str]

    def do_GET(self) -> None:
        self.paths.append(self.path)
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Write nothing."""


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Answers]]:
    """A service at the address in the environment."""

    class Own(Answers):
        paths: list[str] = []  # noqa: RUF012 -- a class for each test

    with HTTPServer(("127.0.0.1", 0), Own) as server:
        monkeypatch.setenv("HOST", "0.0.0.0")  # noqa: S104 -- as in the image
        monkeypatch.setenv("PORT", str(server.server_port))
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield Own
        server.shutdown()
        thread.join()


def test_a_ready_service_is_healthy(service: type[Answers]) -> None:
    assert probe.main() == 0

    assert service.paths == ["/health/ready"]


@pytest.mark.parametrize("status", [503, 500, 404, 204])
def test_any_other_response_is_not(service: type[Answers], status: int) -> None:
    service.status = status

    assert probe.main() == 1


def test_no_response_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST", "127.0.0.1")
    monkeypatch.setenv("PORT", "1")

    assert probe.main() == 1
