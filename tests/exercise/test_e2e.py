"""The services' end-to-end tests, on running services: what they see, skip and find."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from tests.support.accounts import PASSWORD, make_admin
from tests.support.browser import executable
from tests.support.project import Project, Running, free_port

pytestmark = pytest.mark.xdist_group("accounts")
ADMIN = {"E2E_ADMIN_EMAIL": "e2e@example.com", "E2E_ADMIN_PASSWORD": PASSWORD}
# The suite's own runs log in more often than one client may.
UNHURRIED = {"RATE_LIMIT_LOGIN": "100/minute", "RATE_LIMIT_RESET": "100/minute"}


@pytest.fixture(scope="module")
def running(default_service: Project) -> Iterator[Running]:
    make_admin(default_service, ADMIN["E2E_ADMIN_EMAIL"])
    with default_service.serving(UNHURRIED) as running:
        yield running


@pytest.mark.skipif(
    executable() is None, reason="no Chromium here: apt-get install chromium, then it is used"
)
def test_all_of_them_pass_on_a_running_service_and_only_what_needs_tls_is_skipped(
    default_service: Project, running: Running
) -> None:
    browser = executable()
    assert browser

    done = default_service.make(
        "e2e", env=ADMIN | {"E2E_API_URL": running.url, "E2E_BROWSER": browser}
    )

    assert "16 passed, 1 skipped" in done.stdout
    assert "E2E_API_URL is not https, so there is no certificate" in done.stdout


@pytest.mark.parametrize(("days_left", "status"), [(31, 0), (14, 1), (-1, 1)])
def test_a_certificate_that_was_not_renewed_fails_them(
    default_service: Project, tmp_path: Path, days_left: int, status: int
) -> None:
    now = datetime.now(UTC)
    authority = trustme.CA()
    certificate = authority.issue_cert(
        "localhost",
        not_before=now - timedelta(days=90 - days_left),
        not_after=now + timedelta(days=days_left),
    )
    trusted = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(trusted)
    with _shaking_hands(certificate) as port:
        done = default_service.run(
            *("uv", "run", "--frozen", "--group", "e2e"),
            *("pytest", "e2e/test_certificate.py"),
            check=False,
            env={"E2E_API_URL": f"https://localhost:{port}", "SSL_CERT_FILE": str(trusted)},
        )

    assert done.returncode == status, done.stdout
    assert "1 failed" in done.stdout if status else "1 passed" in done.stdout


@contextmanager
def _shaking_hands(certificate: trustme.LeafCert) -> Iterator[int]:
    """Let one client after the other see a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):  # the listener's end, or a client that trusts it not
                while True:
                    accepted, _ = listener.accept()
                    with suppress(ssl.SSLError), accepted:
                        context.wrap_socket(accepted, server_side=True).close()

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_without_an_administrator_or_a_browser_they_say_what_is_missing(
    default_service: Project, running: Running
) -> None:
    done = default_service.make("e2e", env={"E2E_API_URL": running.url})

    assert "E2E_ADMIN_EMAIL and E2E_ADMIN_PASSWORD name no administrator" in done.stdout
    assert "failed" not in done.stdout


def test_a_service_that_is_not_there_ends_the_run_with_one_reason(default_service: Project) -> None:
    url = f"http://127.0.0.1:{free_port()}"

    done = default_service.make("e2e", check=False, env={"E2E_API_URL": url})

    assert done.returncode != 0
    assert f"no service responds at {url} (E2E_API_URL)" in done.stdout


def test_a_service_that_shows_its_errors_otherwise_fails_them(default_service: Project) -> None:
    with default_service.serving({"SECURITY_HEADERS_ENABLED": "false"}) as running:
        done = default_service.make("e2e", check=False, env={"E2E_API_URL": running.url})

    assert done.returncode != 0
    assert "FAILED e2e/test_errors.py::test_errors_carry_the_security_headers" in done.stdout


def test_they_are_no_part_of_the_services_own_tests(default_service: Project) -> None:
    done = default_service.run("uv", "run", "--frozen", "pytest", "--collect-only", "-q")

    assert "e2e/" not in done.stdout
