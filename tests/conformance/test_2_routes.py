"""Section 2: the routes."""

import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from tools.questions import Answers

ITEMS = "/api/v1/items"
STATUSES = {"healthy", "degraded", "unhealthy"}


@pytest.fixture
def items(answers: Answers) -> str:
    if not answers.get("example"):
        pytest.skip("the items were not chosen")
    return ITEMS


def _create(http: httpx2.Client, **fields: Any) -> dict[str, Any]:
    answer = http.post(ITEMS, json={"name": f"Item {uuid.uuid4()}"} | fields)
    assert answer.status_code == 201, answer.text
    item: dict[str, Any] = answer.json()
    return item


def test_the_root_says_what_runs_here(
    http: httpx2.Client, answers: Answers, environment: str
) -> None:
    root = http.get("/").json()

    assert root["name"] == answers["project_name"]
    assert root["version"]
    assert root["environment"] == environment
    assert set(root["links"]) == {"docs", "openapi", "health", "api"}


def test_each_link_of_the_root_leads_somewhere(http: httpx2.Client) -> None:
    links = http.get("/").json()["links"]

    assert links["api"] == "/api/v1"
    for name in ("docs", "openapi", "health"):
        if links[name] is not None:
            assert http.get(links[name]).status_code == 200


def test_the_health_report_is_complete(
    http: httpx2.Client, answers: Answers, environment: str
) -> None:
    answer = http.get("/health")

    report = answer.json()
    assert answer.status_code == 200
    assert report["status"] == "healthy"
    assert report["version"] == http.get("/").json()["version"]
    assert report["environment"] == environment
    age = datetime.now(UTC) - datetime.fromisoformat(report["timestamp"])
    assert abs(age) < timedelta(minutes=5)
    stored = answers["database"] != "none"
    expected = {"database": stored, "migrations": stored, "cache": answers["redis"]}
    # A process that runs jobs checks that, too.
    checks = report["checks"].keys() - {"jobs"}
    assert checks == {name for name, chosen in expected.items() if chosen}
    for check in report["checks"].values():
        assert check["status"] in STATUSES
        assert check["duration_ms"] >= 0


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
def test_a_running_service_is_live_and_ready(http: httpx2.Client, path: str) -> None:
    assert http.get(path).status_code == 200


@pytest.mark.parametrize("name", ["database", "cache"])
def test_a_check_is_there_where_its_subject_is(
    http: httpx2.Client, answers: Answers, name: str
) -> None:
    answer = http.get(f"/health/{name}")

    chosen = {"database": answers["database"] != "none", "cache": answers["redis"]}[name]
    if chosen:
        assert (answer.status_code, answer.json()["status"]) == (200, "healthy")
    else:
        assert answer.status_code == 404


@pytest.mark.parametrize("path", ["/swagger", "/redoc", "/api/v1/auth/me", "/api/v1/users"])
def test_what_was_not_chosen_is_not_there(http: httpx2.Client, answers: Answers, path: str) -> None:
    chosen = path.startswith("/api") and answers.get("auth", "none") != "none"

    assert http.get(path).status_code == (401 if chosen else 404)


def test_the_docs_page_is_there_where_it_was_chosen(http: httpx2.Client, answers: Answers) -> None:
    chosen = answers["docs_ui"] != "none"

    assert http.get("/docs").status_code == (200 if chosen else 404)
    assert http.get("/").json()["links"]["docs"] == ("/docs" if chosen else None)


def test_each_file_that_the_docs_page_names_is_there_and_can_be_kept(
    http: httpx2.Client, docs_page: httpx2.Response
) -> None:
    names = re.findall(r'(?:src|href)="([^"]+)"', docs_page.text)
    addresses = [docs_page.url.join(name) for name in names if not name.startswith("data:")]

    assert addresses
    for address in addresses:
        assert address.host == docs_page.url.host
        answer = http.get(address)
        assert answer.status_code == 200
        assert re.match("text/(javascript|css)", answer.headers["Content-Type"])
        assert "max-age=31536000" in answer.headers["Cache-Control"]
        assert answer.headers["Content-Encoding"] == "gzip"
        tag = {"If-None-Match": answer.headers["ETag"]}
        assert http.get(address, headers=tag).status_code == 304
        assert http.head(address).headers["Content-Type"] == answer.headers["Content-Type"]


@pytest.mark.parametrize(
    "path", ["/docs/", "/docs/assets/", "/docs/assets/x", "/docs/assets/1/..%2f..%2fapp.py"]
)
def test_beside_the_docs_page_there_is_nothing_else(
    http: httpx2.Client, docs_page: httpx2.Response, path: str
) -> None:
    assert docs_page.url.path == "/docs"
    assert http.get(path).status_code == 404


GETTABLE = ["/", "/health", "/health/live", "/health/ready", "/config", "/openapi.json"]
CHOSEN = ["/health/database", "/health/cache", "/docs", "/metrics", ITEMS, f"{ITEMS}?page=0"]


@pytest.mark.parametrize("path", [*GETTABLE, *CHOSEN, f"{ITEMS}/9223372036854775807", "/nowhere"])
def test_head_responds_like_get_without_the_body(http: httpx2.Client, path: str) -> None:
    # These tell of one answer, not of what is answered.
    own = {"x-correlation-id", "x-process-time", "server-timing", "x-ratelimit-remaining"}
    own |= {"x-ratelimit-reset", "date"}
    # What is counted, timed, or made anew for each answer is not always as long.
    lengths = {"content-length"} if path.startswith(("/health", "/metrics", "/docs")) else set()
    got, head = http.get(path), http.head(path)

    assert head.status_code == got.status_code
    assert head.content == b""
    assert head.headers.keys() == got.headers.keys()
    for name in got.headers.keys() - own - lengths - {"content-security-policy"}:
        assert head.headers[name] == got.headers[name], name


def test_a_405_says_that_head_is_allowed_where_get_is(http: httpx2.Client) -> None:
    for path in (*GETTABLE, "/metrics", "/docs"):
        if http.get(path).status_code == 200:
            assert http.delete(path).headers["Allow"] == "GET, HEAD"


def test_head_is_no_operation_of_the_document(document: dict[str, Any]) -> None:
    assert all("head" not in operations for operations in document["paths"].values())


def test_metrics_are_there_where_they_were_chosen(http: httpx2.Client, answers: Answers) -> None:
    assert http.get("/metrics").status_code == (200 if answers["metrics"] else 404)


def test_items_are_there_where_they_were_chosen(http: httpx2.Client, answers: Answers) -> None:
    assert http.get(ITEMS).status_code == (200 if answers.get("example") else 404)


def test_the_configuration_shows_public_settings_only(
    http: httpx2.Client, answers: Answers
) -> None:
    config = http.get("/config").json()

    assert set(config) == {"name", "version", "environment", "features"}
    assert config["features"].get("database", False) == (answers["database"] != "none")
    assert config["features"].get("items", False) == bool(answers.get("example"))
    assert config["features"].get("metrics", False) == answers["metrics"]
    for feature in ("sentry", "tracing"):
        assert (feature in config["features"]) == answers[feature]


def test_the_openapi_document_describes_the_service(
    document: dict[str, Any], answers: Answers
) -> None:
    assert re.fullmatch(r"3\.1\.\d", document["openapi"])
    assert document["info"]["title"] == answers["project_name"]
    assert document["info"]["description"] == answers["description"]
    assert document["info"]["contact"] == {
        "name": answers["author_name"],
        "email": answers["author_email"],
    }
    licence = document["info"].get("license", {}).get("identifier", "proprietary")
    assert licence == answers["license"]


def test_an_item_lives_from_creation_to_deletion(http: httpx2.Client, items: str) -> None:
    created = http.post(items, json={"name": f"Item {uuid.uuid4()}", "quantity": 2})
    assert created.status_code == 201
    location = created.headers["Location"]
    assert http.get(location).json() == created.json()

    changed = http.patch(location, json={"quantity": 3})
    assert changed.status_code == 200
    assert changed.json()["name"] == created.json()["name"]
    assert http.get(location).json()["quantity"] == 3

    assert http.delete(location).status_code == 204
    assert http.get(location).status_code == 404


def test_a_response_without_content_has_no_header_of_content(
    http: httpx2.Client, items: str
) -> None:
    gone = http.delete(f"{items}/{_create(http)['id']}")

    assert gone.status_code == 204
    assert [name for name in gone.headers if name.startswith("content-")] == [
        "content-security-policy"
    ]


def test_pages_hold_each_item_once(http: httpx2.Client, items: str) -> None:
    mark = uuid.uuid4().hex
    made = {_create(http, name=f"{mark} {number}")["id"] for number in range(5)}
    query: dict[str, Any] = {"filter": mark, "page_size": 2}

    pages = [http.get(items, params=query | {"page": page}).json() for page in (1, 2, 3, 4)]

    assert [len(page["items"]) for page in pages] == [2, 2, 1, 0]
    assert {item["id"] for page in pages for item in page["items"]} == made
    assert {(page["total"], page["pages"], page["page_size"]) for page in pages} == {(5, 3, 2)}


def test_a_list_is_sorted_both_ways(http: httpx2.Client, items: str) -> None:
    mark = uuid.uuid4().hex
    for name in ("b", "c", "a"):
        _create(http, name=f"{mark} {name}")

    def names(sort: str) -> list[str]:
        page = http.get(items, params={"filter": mark, "sort": sort}).json()
        return [item["name"].split()[1] for item in page["items"]]

    assert names("name") == ["a", "b", "c"]
    assert names("-name") == ["c", "b", "a"]


def test_a_filter_looks_into_names_and_descriptions_in_any_case(
    http: httpx2.Client, items: str
) -> None:
    mark = uuid.uuid4().hex
    by_name = _create(http, name=f"{mark}-A")
    by_description = _create(http, description=f"about {mark.upper()}-a")

    found = http.get(items, params={"filter": f"{mark}-a"}).json()["items"]

    assert {item["id"] for item in found} == {by_name["id"], by_description["id"]}


@pytest.mark.parametrize("wildcard", ["%", "_", "\\"])
def test_a_wildcard_in_a_filter_means_itself(
    http: httpx2.Client, items: str, wildcard: str
) -> None:
    mark = uuid.uuid4().hex
    _create(http, name=f"{mark} plain")
    marked = _create(http, name=f"{mark} {wildcard}")

    found = http.get(items, params={"filter": f"{mark} {wildcard}"}).json()["items"]

    assert [item["id"] for item in found] == [marked["id"]]


@pytest.mark.parametrize(
    "query", ["page=0", "page=-1", "page=x", "page_size=0", "page_size=101", "sort=secret", "pag=2"]
)
def test_an_unfit_query_is_refused(http: httpx2.Client, items: str, query: str) -> None:
    assert http.get(f"{items}?{query}").status_code == 422
