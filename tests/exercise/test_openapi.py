"""Others read the default service's OpenAPI schema: a validator, and a generator of clients."""

import json
from pathlib import Path

import httpx2
import pytest

from tests.support.accounts import PASSWORD, make_admin
from tests.support.project import Project
from tests.support.variants import on_each_framework

pytestmark = on_each_framework
# Held, so that a new release does not stop an old tree.
VALIDATOR = "openapi-spec-validator==0.9.*"
ADMIN = "generated@example.com"
GENERATOR = "openapi-python-client==0.29.*"
USE = """
import importlib, pkgutil, sys
import client
for module in pkgutil.walk_packages(client.__path__, "client."):
    importlib.import_module(module.name)
from client import AuthenticatedClient, Client
from client.api.auth import log_in
from client.api.items import create_item, delete_item, list_items
from client.models import ITEM, Login

login = Login(email=sys.argv[2], password=sys.argv[3])
with Client(base_url=sys.argv[1]) as api:
    pair = log_in.sync(client=api, body=login)
with AuthenticatedClient(base_url=sys.argv[1], token=pair.access_token) as api:
    item = create_item.sync(client=api, body=ITEM(name="Made by a client"))
    print(list_items.sync(client=api, filter_="made by a").total)
    print(delete_item.sync_detailed(client=api, item_id=item.id).status_code.value)
    print(create_item.sync(client=api, body=ITEM(name="")).code)
"""


@pytest.fixture(scope="module")
def document(default_service: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The document of the default service, in a file."""
    default_service.make("openapi")
    written = default_service.path / "openapi.json"
    return written.rename(tmp_path_factory.mktemp("document") / "openapi.json")


def test_the_document_is_valid_openapi(default_service: Project, document: Path) -> None:
    judged = default_service.run(
        "uvx", "--from", VALIDATOR, "openapi-spec-validator", str(document)
    )

    assert "OK" in judged.stdout


def test_a_generated_client_works(default_service: Project, document: Path, tmp_path: Path) -> None:
    settings = {"DATABASE_URL": f"sqlite:///{tmp_path / 'service.db'}"}
    default_service.make("migrate", env=settings)
    make_admin(default_service, ADMIN, settings)
    made = default_service.run(
        *("uvx", "--from", GENERATOR, "openapi-python-client", "generate", "--meta", "none"),
        *("--path", str(document), "--output-path", str(tmp_path / "client")),
    )
    new_item = "ItemRequest" if default_service.answers["framework"] == "django" else "ItemCreate"
    (tmp_path / "use.py").write_text(USE.replace("ITEM", new_item))

    with default_service.serving(settings) as running:
        used = default_service.run(
            *("uv", "run", "--quiet", "--no-project", "--with", "httpx>=0.28,<1"),
            *("--with", "attrs", "--with", "python-dateutil"),
            *("python", str(tmp_path / "use.py"), running.url, ADMIN, PASSWORD),
        )

    assert "WARNING" not in made.stdout
    assert used.stdout.split() == ["1", "204", "VALIDATION_FAILED"]


def test_a_refusal_has_the_documented_headers(default_service: Project, document: Path) -> None:
    operation = json.loads(document.read_text())["paths"]["/api/v1/items"]["get"]

    with default_service.serving({"RATE_LIMIT_DEFAULT": "1/hour"}) as running:
        answers = [httpx2.get(f"{running.url}/api/v1/items") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [401, 429]
    response = operation["responses"]["429"]
    assert all(name in answers[1].headers for name in response["headers"])
    examples = response["content"]["application/problem+json"]["examples"]
    assert answers[1].json()["code"] in examples
