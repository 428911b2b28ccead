"""An account's life: made by an administrator, used, and deleted."""

import uuid
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

AUTH = "/api/v1/auth"
USERS = "/api/v1/users"
PASSWORD = f"end to end {uuid.uuid4()}"


@pytest.fixture(scope="module")
def user(admin: httpx2.Client) -> Iterator[dict[str, Any]]:
    """A user for these tests, deleted afterwards."""
    email = f"e2e-{uuid.uuid4()}@example.com"
    body = {"email": email, "name": "End to end", "role": "user", "password": PASSWORD}
    response = admin.post(USERS, json=body)
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    yield made
    assert admin.delete(f"{USERS}/{made['id']}").status_code in {204, 404}


def _bearer(pair: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {pair['access_token']}"}


def test_what_needs_an_account_is_refused_without(http: httpx2.Client) -> None:
    response = http.get(f"{AUTH}/me")

    assert response.status_code == 401
    assert "Bearer" in response.headers["WWW-Authenticate"]


def test_a_wrong_password_is_refused(http: httpx2.Client, user: dict[str, Any]) -> None:
    login = {"email": user["email"], "password": "something else entirely"}

    assert http.post(f"{AUTH}/login", json=login).status_code == 401


def test_a_user_logs_in_refreshes_and_logs_out(http: httpx2.Client, user: dict[str, Any]) -> None:
    response = http.post(f"{AUTH}/login", json={"email": user["email"], "password": PASSWORD})
    assert response.status_code == 200, response.text
    pair = response.json()
    assert http.get(f"{AUTH}/me", headers=_bearer(pair)).json()["email"] == user["email"]

    response = http.post(f"{AUTH}/refresh", json={"refresh_token": pair["refresh_token"]})
    assert response.status_code == 200, response.text
    newer = response.json()
    assert newer["refresh_token"] != pair["refresh_token"]

    assert http.post(f"{AUTH}/logout", headers=_bearer(newer)).status_code == 204
    assert http.get(f"{AUTH}/me", headers=_bearer(newer)).status_code == 401


def test_administrators_find_and_change_a_user(admin: httpx2.Client, user: dict[str, Any]) -> None:
    path = f"{USERS}/{user['id']}"
    assert admin.get(path).json()["email"] == user["email"]

    assert admin.patch(path, json={"name": "Another name"}).json()["name"] == "Another name"

    assert admin.get(USERS, params={"page_size": 1}).json()["total"] >= 2


def test_a_deleted_user_cannot_log_in(
    http: httpx2.Client, admin: httpx2.Client, user: dict[str, Any]
) -> None:
    assert admin.delete(f"{USERS}/{user['id']}").status_code == 204

    login = {"email": user["email"], "password": PASSWORD}
    assert http.post(f"{AUTH}/login", json=login).status_code == 401
