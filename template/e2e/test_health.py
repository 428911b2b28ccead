"""The service is there, and fit for requests."""

import httpx2


def test_it_is_live_and_ready(http: httpx2.Client) -> None:
    assert http.get("/health/live").status_code == 200
    assert http.get("/health/ready").status_code == 200


def test_what_it_depends_on_is_well(http: httpx2.Client) -> None:
    response = http.get("/health")

    assert response.status_code == 200
    assert all(check["status"] == "healthy" for check in response.json()["checks"].values())


def test_it_says_what_it_is(http: httpx2.Client) -> None:
    root = http.get("/").json()

    assert root["version"]
    assert root["links"]["health"] == "/health"
