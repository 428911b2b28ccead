"""The service is there, and fit for requests."""

import httpx2


def test_it_is_live_and_ready(http: httpx2.Client) -> None:
    assert http.get("/health/live").status_code == 200
    assert http.get("/health/ready").status_code == 200


def test_what_it_cannot_do_without_is_well(http: httpx2.Client) -> None:
    assert http.get("/health").status_code == 200


def test_it_says_what_it_is(http: httpx2.Client) -> None:
    root = http.get("/").json()

    assert root["version"]
    assert root["links"]["health"] == "/health"
