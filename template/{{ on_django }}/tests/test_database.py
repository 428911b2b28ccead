import pytest
from django.core.management import call_command
from django.test import Client


@pytest.mark.usefixtures("db")
def test_the_migrations_make_the_tables_that_the_models_describe() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.usefixtures("db")
def test_a_reachable_database_is_healthy(client: Client) -> None:
    response = client.get("/health/database")

    assert (response.status_code, response.json()["status"]) == (200, "healthy")
