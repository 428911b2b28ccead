"""FastAPI, Testing, Async Tests, Testing Dependencies; pytest and the factories of others.

The tests of the recipes run in the service, as its team writes them.
"""

import pytest

from tests.support.project import Project

pytestmark = pytest.mark.xdist_group("recipes")

RECIPE = '''"""What the tests override."""

from fastapi import APIRouter, Depends, FastAPI

from ..auth.current import CurrentAdmin, CurrentClaims, CurrentUser
from slipway_kit.fastapi.session import SessionDep
from ..dependencies import CacheDep, SettingsDep
from slipway_kit.fastapi.public import PUBLIC
from ..settings import Settings

router = APIRouter(prefix="/api/v1/overridden", dependencies=[Depends(PUBLIC)])


@router.get("/settings")
async def show_settings(settings: SettingsDep) -> str:
    return settings.version


@router.get("/cache")
async def show_cache(cache: CacheDep) -> str:
    return type(cache).__name__


@router.get("/session")
async def show_session(session: SessionDep) -> str:
    return type(session).__name__


@router.get("/user")
async def show_user(user: CurrentUser) -> str:
    return user.email


@router.get("/admin")
async def show_admin(admin: CurrentAdmin) -> str:
    return admin.email


@router.get("/claims")
async def show_claims(claims: CurrentClaims) -> str:
    return str(claims.user_id)


def extend(app: FastAPI, settings: Settings) -> None:
    app.include_router(router)
'''
SERVICE_TESTS = '''"""The recipes."""

from types import SimpleNamespace
from typing import Any

import factory
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import ASGITransport, AsyncClient
from polyfactory.factories.pydantic_factory import ModelFactory

from recipes import dependencies
from recipes.app import create_app
from recipes.auth import current
from slipway_kit.fastapi import session
from recipes.items.schemas import ItemCreate
from recipes.settings import Settings
from recipes.users.models import User
from recipes.users.roles import Role

BASE = "/api/v1/overridden"


def test_override_settings(app: FastAPI, client: TestClient) -> None:
    app.dependency_overrides[dependencies.get_settings] = lambda: SimpleNamespace(version="9")

    assert client.get(f"{BASE}/settings").json() == "9"


def test_override_settings_of_metrics(app: FastAPI, client: TestClient, settings: Settings) -> None:
    changed = Settings.model_validate(settings.model_dump() | {"metrics_token": "x" * 20})
    app.dependency_overrides[dependencies.get_settings] = lambda: changed

    assert client.get("/metrics").status_code == 401


def test_override_cache(app: FastAPI, client: TestClient) -> None:
    app.dependency_overrides[dependencies.get_cache] = lambda: "a fake"

    assert client.get(f"{BASE}/cache").json() == "str"


def test_override_session(app: FastAPI, client: TestClient) -> None:
    app.dependency_overrides[session.get_session] = lambda: "a fake"

    assert client.get(f"{BASE}/session").json() == "str"


def test_override_user(app: FastAPI, client: TestClient) -> None:
    user = User(email="ann@example.com", role=Role.USER)
    app.dependency_overrides[current.get_current_user] = lambda: user

    assert client.get(f"{BASE}/user").json() == "ann@example.com"
    assert client.get(f"{BASE}/admin").status_code == 403


def test_override_admin(app: FastAPI, client: TestClient) -> None:
    user = User(email="root@example.com", role=Role.ADMIN)
    app.dependency_overrides[current.get_current_admin] = lambda: user

    assert client.get(f"{BASE}/admin").json() == "root@example.com"


def test_override_claims(app: FastAPI, client: TestClient) -> None:
    claims = SimpleNamespace(user_id=7)
    app.dependency_overrides[current.get_current_claims] = lambda: claims

    assert client.get(f"{BASE}/claims").json() == "7"


def test_without_overrides_it_is_closed(app: FastAPI, client: TestClient) -> None:
    for path in ("user", "admin", "claims"):
        assert client.get(f"{BASE}/{path}").status_code == 401


def test_testclient_as_a_context(settings: Settings) -> None:
    with TestClient(create_app(settings)) as client:
        assert client.get("/health").status_code == 200


def test_testclient_without_a_context(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    response = TestClient(create_app(settings)).get("/health")

    assert response.status_code == 500
    assert "use `with TestClient(app) as client`" in caplog.text


@pytest.mark.anyio
async def test_asgi_transport_with_lifespan(settings: Settings) -> None:
    app = create_app(settings)
    transport = ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        response = await client.get("/health")

    assert response.status_code == 200


@pytest.mark.anyio
async def test_asgi_transport_without_lifespan(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    transport = ASGITransport(app=create_app(settings))
    async with AsyncClient(transport=transport, base_url="http://test") as client:
        response = await client.get("/health")

    assert response.status_code == 500
    assert "app.router.lifespan_context(app)" in caplog.text


@pytest.mark.parametrize("role", list(Role))
def test_login_as(login_as, role: Role) -> None:
    assert login_as(role).get("/api/v1/auth/me").json()["role"] == role


class ItemFactory(ModelFactory[ItemCreate]):
    pass


class UserFactory(factory.Factory):
    class Meta:
        model = User

    email = factory.Sequence(lambda n: f"person{n}@example.com")
    role = Role.USER


def test_polyfactory(caller: TestClient) -> None:
    item = ItemFactory.build(name="Blue bicycle", quantity=3)

    response = caller.post("/api/v1/items", json=item.model_dump(mode="json"))

    assert response.status_code == 201, response.text


def test_factory_boy() -> None:
    assert UserFactory().email != UserFactory().email
'''
NAMES = (
    "test_override_settings",
    "test_override_settings_of_metrics",
    "test_override_cache",
    "test_override_session",
    "test_override_user",
    "test_override_admin",
    "test_override_claims",
    "test_without_overrides_it_is_closed",
    "test_testclient_as_a_context",
    "test_testclient_without_a_context",
    "test_asgi_transport_with_lifespan",
    "test_asgi_transport_without_lifespan",
    "test_login_as[user]",
    "test_login_as[admin]",
    "test_login_as[auditor]",
    "test_polyfactory",
    "test_factory_boy",
)
FILE = "tests/test_recipe_in_process.py"


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_of_tests_works(outcomes: dict[str, str], name: str) -> None:
    assert outcomes[name] == "passed", outcomes[name]


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(("-k", "factory_boy"), id="by word"),
        pytest.param(("-n", "2", "-k", "factory_boy"), id="with xdist"),
    ],
)
def test_some_tests_run_by_themselves(
    project: Project, outcomes: dict[str, str], options: tuple[str, ...]
) -> None:
    del outcomes  # which run in the same folder

    done = project.run(".venv/bin/pytest", "--no-cov", "-q", *options, FILE, check=False)

    assert done.returncode == 0, done.stdout


def test_one_test_runs_by_itself_under_the_debugger(
    project: Project, outcomes: dict[str, str]
) -> None:
    del outcomes

    done = project.run(
        *(".venv/bin/pytest", "--no-cov", "-q", "--pdb"),
        f"{FILE}::test_testclient_as_a_context",
        check=False,
    )

    assert done.returncode == 0, done.stdout
