import pytest
from django.core.management import call_command
from starlette.testclient import TestClient


@pytest.mark.usefixtures("db")
def test_the_migrations_make_the_tables_that_the_models_describe() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_a_reachable_database_is_healthy(client: TestClient) -> None:
    response = client.get("/health/database")

    assert (response.status_code, response.json()["status"]) == (200, "healthy")
