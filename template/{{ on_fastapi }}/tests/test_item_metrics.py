import pytest
from starlette.testclient import TestClient

from .factories import create_item


@pytest.mark.usefixtures("app")  # a new application, whose counters start at zero
def test_items_are_counted_when_they_are_committed(caller: TestClient) -> None:
    create_item(caller, "One")
    create_item(caller, "Two")
    caller.post("/api/v1/items", json={"name": "Two"})  # refused

    assert "items_created_total 2.0" in caller.get("/metrics").text.splitlines()
