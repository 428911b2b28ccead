"""Django's users: permissions, groups, hashers, signals and commands; and the migration to them."""

import hashlib
import re
import sqlite3
from base64 import b64encode
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

from tests.recipes.conftest import (
    SETTINGS,
    UNSYNCED,
    Service,
    assert_guaranteed,
    assert_problem,
)
from tests.support.accounts import AUTH, PASSWORD, TRUSTING, Visitor, create_user, new_email
from tests.support.project import Project

pytestmark = pytest.mark.xdist_group("django recipes")
ORDERS = "/api/v1/orders"
STAFF = f"{ORDERS}/staff"


def _shell(project: Project, code: str) -> str:
    command = ("uv", "run", "python", "manage.py", "shell", "--verbosity", "0", "--command", code)
    return project.run(*command, env=UNSYNCED).stdout


def _grant(project: Project, user: Visitor, *permissions: str, staff: bool = False) -> None:
    _shell(
        project,
        "from django.contrib.auth import get_user_model\n"
        "from django.contrib.auth.models import Group, Permission\n"
        f"user = get_user_model().objects.get(email={user.email!r})\n"
        f"group = Group.objects.create(name={user.email!r})\n"
        f"group.permissions.set(Permission.objects.filter(codename__in={permissions!r}))\n"
        "user.groups.add(group)\n"
        f"user.is_staff = {staff}\n"
        "user.save()\n",
    )


def enter(visitor: Visitor, http: httpx2.Client) -> httpx2.Response:
    """Log in to the admin site; return the page that follows."""
    page = http.get("/admin/login/")
    token = re.search('csrfmiddlewaretoken" value="([^"]+)', page.text)
    assert token is not None, page.text
    form = {
        "csrfmiddlewaretoken": token[1],
        "username": visitor.email,
        "password": visitor.password,
        "next": "/admin/",
    }
    address = {"X-Forwarded-For": visitor.address}
    http.post("/admin/login/", data=form, headers=address)
    return http.get("/admin/", headers=address)


def test_model_permissions_are_closed_to_guests(django_service: Service) -> None:
    assert_problem(django_service.get(ORDERS), 401)


def test_a_group_gives_the_permission_to_change_a_model(
    django_project: tuple[Project, int], django_admin: Visitor
) -> None:
    seller = create_user(django_admin).log_in()
    body = {"name": "book", "paid": True}

    refused = seller.post(ORDERS, body)
    _grant(django_project[0], seller, "add_order")
    added = seller.post(ORDERS, body)

    assert_problem(refused, 403)
    assert added.status_code == 201
    assert_guaranteed(added)


def test_an_administrator_is_staff_and_superuser_while_the_role_lasts(
    django_admin: Visitor,
) -> None:
    user = create_user(django_admin).log_in()
    role = f"/api/v1/users/{user.id}/role"

    statuses = [user.get(STAFF).status_code]
    for name in ("admin", "user"):
        django_admin.send("PUT", role, json={"role": name}).raise_for_status()
        statuses += [user.get(STAFF).status_code, user.post(ORDERS, {"name": name}).status_code]

    assert statuses == [403, 200, 201, 403, 403]


def test_limited_staff_sees_on_the_admin_site_what_its_group_allows(
    django_project: tuple[Project, int], django_service: Service, django_admin: Visitor
) -> None:
    clerk = create_user(django_admin).log_in()
    _grant(django_project[0], clerk, "view_user", staff=True)

    with httpx2.Client(base_url=django_service.running.url) as http:
        index = enter(clerk, http)
        users = http.get("/admin/users/user/")
        orders = http.get("/admin/recipes/order/")
        own = http.get(f"/admin/users/user/{clerk.id}/change/")

    assert "Site administration" in index.text
    assert (users.status_code, orders.status_code) == (200, 403)
    assert "delete_users" not in users.text
    assert 'name="groups"' not in own.text


def test_one_without_staff_does_not_enter_the_admin_site(
    django_service: Service, django_user: Visitor
) -> None:
    with httpx2.Client(base_url=django_service.running.url) as http:
        page = enter(django_user, http)

    assert page.status_code == 302
    assert page.headers["Location"].startswith("/admin/login/")


def _migrate(project: Project, url: str, *where: str) -> None:
    env = UNSYNCED | {"DATABASE_URL": url}
    project.run("uv", "run", "python", "manage.py", "migrate", "-v", "0", *where, env=env)


def _pbkdf2(password: str) -> str:
    key = hashlib.pbkdf2_hmac("sha256", password.encode(), b"salt", 1000)
    return f"pbkdf2_sha256$1000$salt${b64encode(key).decode()}"


@pytest.fixture(scope="module")
def migrated(django_project: tuple[Project, int], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with users of the release before permissions, migrated to this one."""
    project, _ = django_project
    file = tmp_path_factory.mktemp("migrated") / "service.db"
    url = f"sqlite:///{file}"
    _migrate(project, url, "users", "0001")
    _migrate(project, url, "accounts", "0001")
    hash_ = _shell(
        project,
        f"import argon2\nprint(argon2.PasswordHasher(memory_cost=65536).hash({PASSWORD!r}))\n",
    ).split()[-1]
    rows = [
        ("root@example.com", "admin", hash_),
        ("ann@example.com", "user", hash_),
        ("imported@example.com", "user", _pbkdf2(PASSWORD)),
        ("unusable@example.com", "user", "!unusable"),
        ("invited@example.com", "user", None),
    ]
    moment = "2026-01-01 00:00:00"
    with closing(sqlite3.connect(file)) as connection:
        connection.executemany(
            "INSERT INTO users (id, email, name, role, password_hash, verified_at, created_at,"
            " updated_at) VALUES (?, ?, '', ?, ?, ?, ?, ?)",
            [(uuid4().hex, *row, moment, moment, moment) for row in rows],
        )
        connection.commit()
    _migrate(project, url)
    return file


def _users(file: Path) -> dict[str, tuple[object, ...]]:
    query = "SELECT email, password_hash, is_staff, is_superuser FROM users"
    with closing(sqlite3.connect(file)) as connection:
        return {email: tuple(rest) for email, *rest in connection.execute(query)}


def test_the_migration_loses_no_user_and_makes_administrators_superusers(migrated: Path) -> None:
    users = _users(migrated)

    assert len(users) == 5
    flags = {email.partition("@")[0]: rest[1:] for email, rest in users.items()}
    assert flags.pop("root") == (1, 1)
    assert set(flags.values()) == {(0, 0)}


def test_hashes_of_before_and_of_django_verify_and_others_are_refused(
    django_project: tuple[Project, int], migrated: Path
) -> None:
    project, _ = django_project
    env = SETTINGS | UNSYNCED | {"DATABASE_URL": f"sqlite:///{migrated}"}
    names = ("root", "ann", "imported", "unusable", "invited")
    with project.serving(env) as running, httpx2.Client(base_url=running.url, timeout=60) as http:
        body = {"password": PASSWORD}
        logins = [
            Visitor(http).post(f"{AUTH}/login", body | {"email": f"{name}@example.com"})
            for name in names
        ]
        again = Visitor(http, "imported@example.com", PASSWORD).log_in()

    assert [response.status_code for response in logins] == [200, 200, 200, 401, 401]
    assert again.tokens
    assert str(_users(migrated)["imported@example.com"][0]).startswith("$argon2id$")


def test_createsuperuser_and_changepassword_make_a_login_that_works(
    django_project: tuple[Project, int], django_service: Service
) -> None:
    project, _ = django_project
    email = new_email()
    manage = ("uv", "run", "python", "manage.py")
    given = UNSYNCED | {"DJANGO_SUPERUSER_PASSWORD": PASSWORD} | TRUSTING

    project.run(*manage, "createsuperuser", "--no-input", "--email", email, env=given)
    visitor = Visitor(django_service.http, email).log_in()

    assert visitor.get(STAFF).status_code == 200
    assert visitor.get("/api/v1/users").status_code == 200
