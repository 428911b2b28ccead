"""Section 3: headers on every answer, errors included."""

import re
import uuid

import httpx2
import pytest

from tools.questions import Answers

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-XSS-Protection": "0",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
LIMIT = 2**20
# An answer of each kind: good, unknown path, unknown method, without a body to read.
REQUESTS = [("GET", "/"), ("GET", "/nowhere"), ("DELETE", "/health"), ("OPTIONS", "/health/live")]


@pytest.fixture(params=REQUESTS, ids=" ".join)
def answer(http: httpx2.Client, request: pytest.FixtureRequest) -> httpx2.Response:
    return http.request(*request.param)


@pytest.mark.parametrize("name", sorted(ALWAYS))
def test_a_security_header_is_on_every_response(answer: httpx2.Response, name: str) -> None:
    assert answer.headers.get_list(name) == [ALWAYS[name]]


def test_the_api_may_load_nothing(answer: httpx2.Response) -> None:
    assert answer.headers.get_list("Content-Security-Policy") == [POLICY]


def test_the_docs_page_has_a_policy_of_its_own(docs_page: httpx2.Response) -> None:
    (policy,) = docs_page.headers.get_list("Content-Security-Policy")

    directives = dict(directive.split(" ", 1) for directive in policy.split("; "))
    assert directives["default-src"] == "'none'"
    assert re.fullmatch(r"'nonce-[A-Za-z0-9_-]{22,}'", directives["script-src"])
    assert directives["connect-src"] == "'self'"
    for name in ("frame-ancestors", "base-uri", "form-action"):
        assert directives[name] == "'none'"
    # No host but its own, and inline code only where it carries the nonce; attributes cannot.
    sources = {source for name, value in directives.items() for source in value.split()}
    assert not any("://" in source or "*" in source for source in sources)
    inline = {name for name, value in directives.items() if "unsafe" in value}
    assert inline <= {"style-src-attr"}


def test_the_docs_page_has_the_other_headers_too(docs_page: httpx2.Response) -> None:
    for name, value in ALWAYS.items():
        assert docs_page.headers.get_list(name) == [value]


def test_every_docs_page_has_a_nonce_of_its_own_for_each_of_its_scripts(
    http: httpx2.Client, docs_page: httpx2.Response
) -> None:
    answers = [docs_page, http.get("/docs"), http.get("/docs")]

    nonces = [
        re.findall("script-src 'nonce-([^']+)'", answer.headers["Content-Security-Policy"])[0]
        for answer in answers
    ]
    assert len(set(nonces)) == len(answers)
    for answer, nonce in zip(answers, nonces, strict=True):
        scripts = re.findall("<script[^>]*>", answer.text)
        assert scripts
        assert all(f'nonce="{nonce}"' in script for script in scripts)
        assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("device", ["camera", "microphone", "geolocation", "payment", "usb"])
def test_no_device_may_be_used(answer: httpx2.Response, device: str) -> None:
    assert f"{device}=()" in answer.headers["Permissions-Policy"]


def test_the_duration_is_in_two_headers(answer: httpx2.Response) -> None:
    taken = re.fullmatch(r"(\d+\.\d\d)ms", answer.headers["X-Process-Time"])

    assert taken
    assert answer.headers["Server-Timing"] == f"app;dur={taken[1]}"


def test_development_does_not_ask_for_https(answer: httpx2.Response) -> None:
    assert "Strict-Transport-Security" not in answer.headers


def test_the_server_does_not_tell_what_it_is(answer: httpx2.Response) -> None:
    assert "Server" not in answer.headers


@pytest.mark.parametrize("name", ["X-Correlation-ID", "X-Request-ID"])
def test_a_callers_identifier_comes_back(http: httpx2.Client, name: str) -> None:
    answer = http.get("/nowhere", headers={name: "Order-1.2_3"})

    assert answer.headers.get_list("X-Correlation-ID") == ["Order-1.2_3"]


def test_the_correlation_header_goes_before_the_request_header(http: httpx2.Client) -> None:
    answer = http.get("/", headers={"X-Request-ID": "second", "X-Correlation-ID": "first"})

    assert answer.headers["X-Correlation-ID"] == "first"


@pytest.mark.parametrize("identifier", ["a b", "a" * 129, "<script>", "a;b", "%0d%0a", "\xe9"])
def test_a_malformed_identifier_is_never_echoed(http: httpx2.Client, identifier: str) -> None:
    answer = http.get("/", headers={b"X-Correlation-ID": identifier.encode("latin-1")})

    assert uuid.UUID(answer.headers["X-Correlation-ID"])


def test_a_page_of_an_origin_that_is_not_listed_may_not_call(http: httpx2.Client) -> None:
    headers = {"Origin": "https://evil.example"}

    answers = [
        http.get("/", headers=headers),
        http.options("/", headers=headers | {"Access-Control-Request-Method": "GET"}),
    ]

    for answer in answers:
        assert not any(name.startswith("access-control-allow") for name in answer.headers)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("GET", "/nowhere"), ("DELETE", "/health"), ("GET", "/api/v1/items/x")],
)
def test_a_response_to_a_request_with_a_token_may_not_be_stored(
    http: httpx2.Client, method: str, path: str
) -> None:
    answer = http.request(method, path, headers={"Authorization": "Bearer some-token"})

    assert answer.headers.get_list("Cache-Control") == ["no-store"]


def test_a_response_to_a_request_without_a_token_says_nothing_of_caches(
    answer: httpx2.Response,
) -> None:
    assert "Cache-Control" not in answer.headers


def test_a_response_that_says_itself_how_it_may_be_stored_is_left_as_it_is(
    http: httpx2.Client, docs_page: httpx2.Response
) -> None:
    script = re.search(r'src="(docs/assets/[^"]+)"', docs_page.text)
    assert script

    answer = http.get(f"/{script[1]}", headers={"Authorization": "Bearer some-token"})

    assert answer.headers.get_list("Cache-Control") == ["public, max-age=31536000, immutable"]


def test_a_body_that_is_announced_as_too_large_is_413_whatever_the_path(
    http: httpx2.Client,
) -> None:
    answer = http.post("/", content=b"x" * (LIMIT + 1))

    assert (answer.status_code, answer.json()["code"]) == (413, "CONTENT_TOO_LARGE")
    assert answer.headers["Content-Security-Policy"] == POLICY


def test_a_body_that_grows_too_large_in_chunks_is_413(
    http: httpx2.Client, answers: Answers
) -> None:
    if not answers.get("example"):
        pytest.skip("no endpoint reads a body")
    body = b'{"name": "' + b"x" * LIMIT + b'"}'

    answer = http.post(
        "/api/v1/items",
        content=iter([body[:1000], body[1000:]]),
        headers={"Content-Type": "application/json"},
    )

    assert (answer.status_code, answer.json()["code"]) == (413, "CONTENT_TOO_LARGE")
    assert answer.headers["Content-Security-Policy"] == POLICY
