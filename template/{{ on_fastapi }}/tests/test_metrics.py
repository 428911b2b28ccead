import pytest
from starlette.testclient import TestClient


@pytest.mark.usefixtures("app")  # a new application, whose counters start at zero
def test_a_request_is_counted_by_its_route(client: TestClient) -> None:
    client.get("/health/live")

    lines = client.get("/metrics").text.splitlines()

    labels = 'endpoint="/health/live",method="GET",status="200"'
    assert "http_requests_total{" + labels + "} 1.0" in lines
