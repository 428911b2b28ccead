"""Objects for the tests, made through the API."""

from typing import Any

from starlette.testclient import TestClient


def create_item(client: TestClient, name: str = "Blue bicycle", **fields: Any) -> dict[str, Any]:
    """Create an item of the user that the client is logged in as, and return it."""
    response = client.post("/api/v1/items", json={"name": name, **fields})
    assert response.status_code == 201, response.text
    item: dict[str, Any] = response.json()
    return item
