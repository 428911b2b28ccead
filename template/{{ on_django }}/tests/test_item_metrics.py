from typing import Any

from django.test import Client
from rest_framework.test import APIClient


def test_items_are_counted_when_they_are_committed(
    api: APIClient, client: Client, django_capture_on_commit_callbacks: Any
) -> None:
    before = _created(client)

    with django_capture_on_commit_callbacks(execute=True):
        api.post("/api/v1/items", {"name": "One"})
    api.post("/api/v1/items", {"name": "Two"})

    assert _created(client) == before + 1


def _created(client: Client) -> float:
    lines = client.get("/metrics").text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("items_created_total"))
