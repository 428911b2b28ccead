"""The load test on a running service: its scenarios, its thresholds, its report."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.accounts import PASSWORD, make_admin
from tests.support.project import Project, Running

pytestmark = pytest.mark.xdist_group("accounts")
EMAIL = "load@example.com"
# The machine may be busy with other tests; what is judged is that thresholds are heeded.
PATIENT = {"LOADTEST_USERS": "4", "LOADTEST_TIME": "6s", "LOADTEST_MAX_P95_MS": "20000"}
EVERYONE = {
    "GET /",
    "POST /api/v1/auth/login",
    "GET /api/v1/auth/me",
    "POST /api/v1/auth/logout",
    "GET /api/v1/items?page_size=10",
}
ACCOUNT = {"LOADTEST_EMAIL": EMAIL, "LOADTEST_PASSWORD": PASSWORD}


@pytest.fixture(scope="module")
def running(default_service: Project) -> Iterator[Running]:
    make_admin(default_service, EMAIL)
    with default_service.serving({"RATE_LIMIT_DEFAULT": "100000/minute"}) as running:
        yield running


def _load(
    project: Project, running: Running, report: Path, **variables: str
) -> tuple[int, str, set[str]]:
    """Run the load test; return its status, what it said, and what was asked for."""
    env = {"LOADTEST_URL": running.url, "LOADTEST_REPORT": str(report)} | PATIENT | variables
    done = project.make("loadtest", check=False, env=env)
    asked = set(re.findall(r"^((?:GET|POST|PATCH|DELETE) +\S+)", done.stdout, re.MULTILINE))
    return done.returncode, done.stdout, {" ".join(each.split()) for each in asked}


def test_readers_workers_and_guests_come_and_the_report_shows_them(
    default_service: Project, running: Running, tmp_path: Path
) -> None:
    report = tmp_path / "report.html"

    # On a busy machine a short run can be over before the first login.
    for seconds in ("6s", "30s"):
        variables = ACCOUNT | {"LOADTEST_TIME": seconds}
        status, said, asked = _load(default_service, running, report, **variables)
        if asked >= EVERYONE:
            break

    assert status == 0, said
    assert asked >= EVERYONE
    assert "/api/v1/auth/login" in report.read_text()


def test_without_an_account_there_are_readers_alone(
    default_service: Project, running: Running, tmp_path: Path
) -> None:
    status, said, asked = _load(default_service, running, tmp_path / "report.html")

    assert status == 0, said
    assert asked <= {"GET /"}
    assert asked


@pytest.mark.parametrize(
    ("threshold", "value", "reason"),
    [
        ("LOADTEST_MAX_P95_MS", "0.1", "the 95th percentile of response times is"),
        ("LOADTEST_MIN_RPS", "1000000", "the rate of requests is"),
    ],
)
def test_a_broken_threshold_fails_the_run_and_is_named(
    default_service: Project,
    running: Running,
    tmp_path: Path,
    threshold: str,
    value: str,
    reason: str,
) -> None:
    report = tmp_path / "report.html"

    status, said, _ = _load(default_service, running, report, **{threshold: value})

    assert status != 0
    assert f"broken threshold: {threshold}: {reason}" in said
    assert report.exists()


def test_requests_that_fail_break_a_threshold_unless_so_many_may(
    default_service: Project, running: Running, tmp_path: Path
) -> None:
    wrong = ACCOUNT | {"LOADTEST_PASSWORD": "not the password", "LOADTEST_TIME": "4s"}
    report = tmp_path / "report.html"

    status, said, _ = _load(default_service, running, report, **wrong)
    assert status != 0
    assert "broken threshold: LOADTEST_MAX_FAILURES" in said

    status, said, _ = _load(default_service, running, report, **wrong, LOADTEST_MAX_FAILURES="100")
    assert status == 0, said


def test_a_threshold_that_is_no_number_ends_the_run_before_it_begins(
    default_service: Project, running: Running, tmp_path: Path
) -> None:
    status, said, asked = _load(
        default_service, running, tmp_path / "report.html", LOADTEST_MIN_RPS="many"
    )

    assert status != 0
    assert "LOADTEST_MIN_RPS: must be a number" in said
    assert asked == set()
