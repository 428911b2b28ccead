"""Who may do what: each operation of the default service, tried by all on everyone's things."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import pytest

from tests.support.accounts import (
    AUTH,
    USERS,
    Visitor,
    create_user,
    make_admin,
    new_email,
)
from tests.support.project import Project
from tests.support.variants import on_each_framework

ADMIN = "root@example.com"
ITEMS = "/api/v1/items"


class Of(NamedTuple):
    """What is answered where the thing is one's own, another's or nobody's."""

    own: int
    other: int
    nobody: int


class Row(NamedTuple):
    """What each role is answered; one number where the operation is on no one's thing."""

    anonymous: int
    user: int | Of
    admin: int | Of


def everyone(status: int) -> Row:
    """Return the row of an operation that makes no difference."""
    return Row(status, status, status)


# fmt: off
ACCESS = {
    # operation             anonymous  a user                an administrator
    "read_root":              everyone(200),
    "read_config":            everyone(200),
    "read_health":            everyone(200),
    "read_liveness":          everyone(200),
    "read_readiness":         everyone(200),
    "read_database_health":   everyone(200),
    "read_cache_health":      everyone(200),

    "register":               everyone(202),
    "request_verification":   everyone(202),
    "request_reset":          everyone(202),
    "verify_email":           everyone(400),  # the token is nobody's
    "reset_password":         everyone(400),
    "refresh":                everyone(401),
    "log_in":                 everyone(401),  # so is the address
    "verify_token":           Row(401, 200, 200),
    "read_me":                Row(401, 200, 200),
    "log_out":                Row(401, 204, 204),
    "change_password":        Row(401, 204, 204),
    "list_sessions":          Row(401, 200, 200),
    "end_session":            Row(401, Of(204, 404, 404), Of(204, 404, 404)),

    "create_user":            Row(401, 403, 201),
    "list_users":             Row(401, 403, 200),
    "read_user":              Row(401, Of(200, 404, 404), Of(200, 200, 404)),
    "update_user":            Row(401, Of(200, 404, 404), Of(200, 200, 404)),
    "change_role":            Row(401, Of(403, 403, 403), Of(200, 200, 404)),
    "delete_user":            Row(401, Of(403, 403, 403), Of(204, 204, 404)),
    "restore_user":           Row(401, Of(403, 403, 403), Of(200, 200, 404)),
    "end_user_sessions":      Row(401, Of(403, 403, 403), Of(204, 204, 404)),
    "list_audit_entries":     Row(401, 403, 200),

    "create_item":            Row(401, 201, 201),
    "list_items":             Row(401, 200, 200),
    "read_item":              Row(401, Of(200, 404, 404), Of(200, 200, 404)),
    "update_item":            Row(401, Of(200, 404, 404), Of(200, 200, 404)),
    "delete_item":            Row(401, Of(204, 404, 404), Of(204, 204, 404)),
}
# fmt: on
# What else a body needs to be taken; all others are the first example of the document.
BODIES: dict[str, dict[str, Any]] = {
    "update_user": {"name": "Another"},
    "change_role": {"role": "user"},
}
ENDS_OWN_SESSION = {
    *("log_out", "change_password"),
    *("change_role", "delete_user", "end_user_sessions"),
}
pytestmark = [pytest.mark.xdist_group("accounts"), on_each_framework]


@dataclass
class World:
    """A service, its operations, and people of each role."""

    http: httpx2.Client
    root: Visitor
    document: dict[str, Any]
    people: dict[str, Visitor] = field(default_factory=dict)

    def operations(self) -> dict[str, tuple[str, str, dict[str, Any]]]:
        """Return the method, the path and the description of each operation."""
        return {
            operation["operationId"]: (method.upper(), path, operation)
            for path, operations in self.document["paths"].items()
            for method, operation in operations.items()
        }

    def person(self, role: str, *, anew: bool) -> Visitor:
        """Return someone of a role, somebody new if what they do ends their session."""
        if role == "anonymous":
            return Visitor(self.http)
        if anew or role not in self.people:
            self.people[role] = create_user(self.root, role=role).log_in()
        return self.people[role]

    def thing(self, path: str, by: Visitor, whose: str) -> str:
        """Return a path with the identifier of one's own thing, of another's or of nobody's."""
        if "{item_id}" in path:
            owner = by if whose == "own" and by.tokens else self.root
            made = owner.post(ITEMS, {"name": f"Item {uuid.uuid4()}"}).json()
            found = made["id"] if whose != "nobody" else 2**62
            return path.replace("{item_id}", str(found))
        if "{session_id}" in path:
            owner = by if whose == "own" and by.tokens else create_user(self.root).log_in()
            found = owner.elsewhere().current_session if whose != "nobody" else uuid.uuid4()
            return path.replace("{session_id}", str(found))
        if whose == "own" and by.tokens:
            return path.replace("{user_id}", by.id)
        other = self.root.post(USERS, {"email": new_email()}).json()
        found = other["id"] if whose != "nobody" else uuid.uuid4()
        return path.replace("{user_id}", str(found))

    def body(self, name: str, operation: dict[str, Any]) -> Any:
        """Return a body that an operation takes."""
        if "requestBody" not in operation:
            return None
        content = operation["requestBody"]["content"]["application/json"]
        example = BODIES.get(name) or next(iter(content["examples"].values()))["value"]
        if name == "create_item":
            return example | {"name": f"Item {uuid.uuid4()}"}
        return example | {"email": new_email()} if "email" in example else example


@pytest.fixture(scope="module")
def world(default_service: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder: Path = tmp_path_factory.mktemp("access")
    settings = {
        "DATABASE_URL": f"sqlite:///{folder / 'service.db'}",
        "RATE_LIMIT_ENABLED": "false",
    }
    default_service.make("migrate", env=settings)
    make_admin(default_service, ADMIN, settings)
    with (
        default_service.serving(settings) as running,
        httpx2.Client(base_url=running.url, timeout=30) as http,
    ):
        document = http.get("/openapi.json").json()
        yield World(http, Visitor(http, ADMIN).log_in(), document)


def test_the_table_has_a_row_for_each_operation_and_no_other(world: World) -> None:
    assert set(world.operations()) == set(ACCESS)


def test_the_document_asks_for_a_token_where_the_table_does(world: World) -> None:
    for name, (_, _, operation) in world.operations().items():
        asks = ACCESS[name].anonymous == 401 and ACCESS[name] != everyone(401)
        assert bool(operation.get("security")) == asks, name


def _cases() -> Iterator[tuple[str, str, str, int]]:
    for name, row in ACCESS.items():
        for role, expected in row._asdict().items():
            by_whose = expected if isinstance(expected, Of) else Of(*[expected] * 3)
            on_things = any(isinstance(each, Of) for each in row)
            for whose in Of._fields if on_things else ("nobody",):
                yield name, role, whose, getattr(by_whose, whose)


@pytest.mark.parametrize("role", Row._fields)
def test_each_gets_the_response_of_the_table(world: World, role: str) -> None:
    different = {}
    for name, of, whose, expected in _cases():
        if of == role:
            method, path, operation = world.operations()[name]
            ends = name in ENDS_OWN_SESSION and expected < 400 and whose != "other"
            by = world.person(role, anew=ends)
            path = world.thing(path, by, whose) if "{" in path else path
            answer = by.send(method, path, json=world.body(name, operation))
            if answer.status_code != expected:
                different[name, role, whose] = (answer.status_code, expected, answer.text)
            if ends:
                world.people.pop(role, None)

    assert different == {}


@pytest.mark.parametrize("role", ["user", "admin"])
def test_whoever_has_logged_out_is_anybody(world: World, role: str) -> None:
    gone = create_user(world.root, role=role).log_in()
    own = gone.id
    assert gone.post(f"{AUTH}/logout").status_code == 204
    different = {}

    for name, (method, path, operation) in world.operations().items():
        place = path.replace("{user_id}", own)
        place = world.thing(place, world.root, "own") if "{" in place else place
        answer = gone.send(method, place, json=world.body(name, operation))
        if answer.status_code != ACCESS[name].anonymous:
            different[name] = (answer.status_code, answer.text)

    assert different == {}
