import pytest
from starlette.testclient import TestClient

pytestmark = pytest.mark.usefixtures("app")  # whose counts begin at none


def _shown(client: TestClient) -> list[str]:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    return answer.text.splitlines()


def _created(client: TestClient) -> str:
    return next(line for line in _shown(client) if line.startswith("items_created_total"))


def test_items_are_counted_when_they_are_committed(caller: TestClient) -> None:
    for name in ("One", "Two", "Two"):  # the last is refused
        caller.post("/api/v1/items", json={"name": name})

    assert _created(caller) == "items_created_total 2.0"


def test_items_that_are_rolled_back_are_not_counted(client: TestClient) -> None:
    assert client.post("/tries").status_code == 200
    assert client.post("/fails").status_code == 500

    assert _created(client) == "items_created_total 1.0"
