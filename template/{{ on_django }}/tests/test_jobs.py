import logging

import pytest
from rest_framework.test import APIClient


def test_a_new_item_is_announced_by_a_job(api: APIClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    created = api.post("/api/v1/items", {"name": "Lamp"})

    announced = [each for each in caplog.records if each.name.endswith("items.tasks")]
    assert [vars(each)["item_id"] for each in announced] == [created.json()["id"]]
