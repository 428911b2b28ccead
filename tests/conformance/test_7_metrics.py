"""Section 7: metrics."""

import random
import shutil
import string
import subprocess
import uuid
from typing import Any

import httpx2
import pytest

from tests.support.metrics import Metrics
from tools.questions import Answers

TOTAL = "http_requests_total"
# A label whose value nobody has used yet has no sample, and with several workers no name either.
ALWAYS = {
    TOTAL,
    "http_request_duration_seconds",
    "http_requests_active",
    "rate_limiter_degraded",
    "app_info",
    "process_start_time_seconds",  # Prometheus's own word; the alert on restarts goes by it
}
ONCE_USED = {"cache_hits_total", "cache_misses_total", "rate_limit_hits_total"}
OF_WORKERS = {
    *("jobs_total", "job_duration_seconds"),
    *("jobs_waiting", "jobs_running_seconds", "jobs_oldest_seconds", "jobs_failed"),
}


@pytest.fixture(autouse=True)
def _metrics_were_chosen(answers: Answers) -> None:
    if not answers["metrics"]:
        pytest.skip("the metrics were not chosen")


def _ask(http: httpx2.Client) -> Metrics:
    answer = http.get("/metrics")
    assert answer.status_code == 200
    return Metrics(answer.text)


def test_the_names_are_those_of_the_contract(http: httpx2.Client, answers: Answers) -> None:
    http.get("/")
    expected = set(ALWAYS)
    if answers["database"] != "none":
        expected.add("db_query_duration_seconds")
    if answers.get("example"):
        expected.add("items_created_total")
    if answers.get("auth", "none") != "none":
        expected.add("users_active")

    may_be = ONCE_USED | OF_WORKERS if answers.get("jobs") else ONCE_USED
    assert _ask(http).names - may_be == expected


def test_the_text_is_prometheus_own(http: httpx2.Client) -> None:
    answer = http.get("/metrics")

    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")


def test_promtool_has_no_findings(http: httpx2.Client) -> None:
    promtool = shutil.which("promtool")
    if not promtool:
        pytest.skip("there is no promtool: Debian's package prometheus has it")

    done = subprocess.run(
        [promtool, "check", "metrics"],
        input=_ask(http).text,
        check=False,
        capture_output=True,
        text=True,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_labels_of_app_info_say_what_runs(http: httpx2.Client) -> None:
    root = http.get("/").json()

    (labels,) = _ask(http).labels("app_info")
    assert labels == {"version": root["version"], "environment": root["environment"]}


@pytest.mark.parametrize(
    ("method", "path", "endpoint", "status"),
    [
        ("GET", "/health/live", "/health/live", "200"),
        ("GET", "/metrics", "/metrics", "200"),
        ("GET", "/openapi.json", "/openapi.json", "200"),
        ("HEAD", "/health/live", "/health/live", "200"),
        ("HEAD", "/no/such/path", "unmatched", "404"),
        ("DELETE", "/config", "/config", "405"),
        ("GET", "/no/such/path", "unmatched", "404"),
    ],
)
def test_requests_are_counted_to_the_request(
    http: httpx2.Client, method: str, path: str, endpoint: str, status: str
) -> None:
    labels = {"method": method, "endpoint": endpoint, "status": status}
    before = _ask(http)
    for _ in range(25):
        http.request(method, path)
    after = _ask(http)

    # The answer that shows the numbers is not among them yet; the one before it is.
    shown = 1 if path == "/metrics" else 0
    assert after.sum(TOTAL, **labels) - before.sum(TOTAL, **labels) == 25 + shown
    assert after.sum(TOTAL) - before.sum(TOTAL) == 25 + 1
    assert after.sum("http_request_duration_seconds_count") == after.sum(TOTAL)
    assert after.sum("http_requests_active") == 1


def test_the_endpoint_is_the_full_template(http: httpx2.Client, answers: Answers) -> None:
    if not answers.get("example"):
        pytest.skip("no route of the service has a parameter")
    labels = {"method": "GET", "endpoint": "/api/v1/items/{item_id}", "status": "404"}
    before = _ask(http)
    for number in (10**9, 10**9 + 1):
        http.get(f"/api/v1/items/{number}")

    assert _ask(http).sum(TOTAL, **labels) - before.sum(TOTAL, **labels) == 2


def test_an_unknown_method_is_other(http: httpx2.Client) -> None:
    before = _ask(http)
    http.request("PROPFIND", "/config")
    after = _ask(http)

    assert after.sum(TOTAL, method="OTHER") - before.sum(TOTAL, method="OTHER") == 1


def test_an_item_is_counted_when_it_is_there(http: httpx2.Client, answers: Answers) -> None:
    if not answers.get("example"):
        pytest.skip("the items were not chosen")
    before = _ask(http)
    item: dict[str, Any] = {"name": f"Item {uuid.uuid4()}"}
    statuses = [http.post("/api/v1/items", json=item).status_code for _ in range(2)]
    after = _ask(http)

    assert statuses == [201, 409]
    assert after.sum("items_created_total") - before.sum("items_created_total") == 1


def test_queries_are_timed_by_type(http: httpx2.Client, answers: Answers) -> None:
    if not answers.get("example"):
        pytest.skip("no route of the service asks the database each time")
    count = "db_query_duration_seconds_count"
    before = _ask(http)
    http.get("/api/v1/items")
    after = _ask(http)

    assert after.sum(count, query_type="select") > before.sum(count, query_type="select")
    types = {labels["query_type"] for labels in after.labels(count)}
    assert types <= {"select", "insert", "update", "delete", "other"}


def test_a_client_cannot_add_a_label_value(http: httpx2.Client) -> None:
    chance = random.Random(7)  # noqa: S311 -- repeatable, and no secret
    methods = ["GET", "POST", "DELETE", "PROPFIND", "MKCOL", "REPORT"]

    def word() -> str:
        return "".join(chance.choices(string.ascii_letters + string.digits, k=12))

    def ask_at_random() -> None:
        for method in methods:
            headers = {"User-Agent": word(), "X-Correlation-ID": word(), f"X-{word()}": word()}
            for path in (f"/{word()}", f"/health/live?{word()}={word()}", f"/api/v1/{word()}"):
                http.request(method, path, headers=headers)

    ask_at_random()
    _ask(http)
    before = _ask(http)
    for _ in range(10):
        ask_at_random()

    assert _ask(http).series() == before.series()


def test_the_document_does_not_tell_of_the_metrics(document: dict[str, Any]) -> None:
    assert "/metrics" not in document["paths"]


def test_reads_of_an_item_are_hits_and_misses_of_its_cache(
    http: httpx2.Client, answers: Answers
) -> None:
    if not answers.get("example"):
        pytest.skip("the items were not chosen")
    place = http.post("/api/v1/items", json={"name": f"Item {uuid.uuid4()}"}).headers["Location"]
    before = _ask(http)

    for _ in range(5):
        http.get(place)

    after = _ask(http)
    hits, misses = (
        after.sum(name, cache_name="items") - before.sum(name, cache_name="items")
        for name in ("cache_hits_total", "cache_misses_total")
    )
    assert hits + misses == 5
    assert misses >= 1
