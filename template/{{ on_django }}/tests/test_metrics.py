from starlette.testclient import TestClient


def test_a_request_is_counted_by_its_route(service: TestClient) -> None:
    service.get("/health/live")

    lines = service.get("/metrics").text.splitlines()

    labels = 'endpoint="/health/live",method="GET",status="200"'
    assert "http_requests_total{" + labels + "} 1.0" in lines
