"""FastAPI, OAuth2 scopes; a role of the team's own."""

import pytest

from tests.recipes.conftest import Service, assert_problem
from tests.support.accounts import Visitor

pytestmark = pytest.mark.xdist_group("recipes")

RECIPE = '''"""Scopes and roles."""

from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Security
from fastapi.security import SecurityScopes

from slipway_kit.accounts.errors import ForbiddenError

from ..auth.current import CurrentUser
from ..settings import Settings
from ..users.models import User

SCOPES = {"user": {"orders:read"}, "admin": {"orders:read", "orders:write"}}
router = APIRouter(prefix="/api/v1/scopes")


async def get_current_active_user(security_scopes: SecurityScopes, user: CurrentUser) -> User:
    if not SCOPES[user.role].issuperset(security_scopes.scopes):
        raise ForbiddenError("Not enough permissions")
    return user


@router.get("/orders")
async def read_orders(
    user: Annotated[User, Security(get_current_active_user, scopes=["orders:read"])],
) -> str:
    return user.email


@router.post("/orders")
async def write_orders(
    user: Annotated[User, Security(get_current_active_user, scopes=["orders:write"])],
) -> str:
    return user.email


class Allows:
    def __init__(self, *roles: str) -> None:
        self.roles = roles

    async def __call__(self, user: CurrentUser) -> User:
        if user.role not in self.roles:
            raise ForbiddenError("This needs another role.")
        return user


@router.get("/reports", dependencies=[Depends(Allows("auditor", "admin"))])
async def read_reports() -> str:
    return "reports"


def extend(app: FastAPI, settings: Settings) -> None:
    app.include_router(router)
'''
SCOPES = "/api/v1/scopes"


def test_a_scope_that_the_user_has_opens(user: Visitor) -> None:
    assert user.get(f"{SCOPES}/orders").json() == user.email


def test_a_scope_that_the_user_lacks_is_forbidden(user: Visitor) -> None:
    body = assert_problem(user.post(f"{SCOPES}/orders"), 403)

    assert body["detail"] == "Not enough permissions"


def test_the_administrator_has_both_scopes(admin: Visitor) -> None:
    assert admin.post(f"{SCOPES}/orders").json() == admin.email


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_scopes_are_closed_without_a_token(service: Service, method: str) -> None:
    assert_problem(service.send(method, f"{SCOPES}/orders"), 401)


def test_scopes_are_documented(service: Service) -> None:
    operation = service.get("/openapi.json").json()["paths"][f"{SCOPES}/orders"]["post"]

    assert operation["security"] == [{"Account": ["orders:write"]}]


def test_a_role_is_refused_where_it_is_not_allowed(user: Visitor) -> None:
    assert_problem(user.get(f"{SCOPES}/reports"), 403)


def test_the_administrator_gives_a_role_of_the_teams_own(admin: Visitor, user: Visitor) -> None:
    auditor = user.elsewhere()
    path = f"/api/v1/users/{auditor.id}/role"

    changed = admin.send("PUT", path, json={"role": "auditor"})
    reports = auditor.get(f"{SCOPES}/reports")
    me = auditor.get("/api/v1/auth/me")
    admin.send("PUT", path, json={"role": "user"})

    assert (changed.status_code, reports.status_code) == (200, 200), changed.text
    assert me.json()["role"] == "auditor"
