from starlette.testclient import TestClient

from .factories import create_item


def test_items_are_counted_when_they_are_committed(caller: TestClient) -> None:
    before = _created(caller)

    create_item(caller, "One")
    create_item(caller, "Two")
    caller.post("/api/v1/items", json={"name": "Two"})  # refused

    assert _created(caller) == before + 2


def _created(client: TestClient) -> float:
    lines = client.get("/metrics").text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("items_created_total"))
