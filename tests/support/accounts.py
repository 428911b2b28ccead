"""People who use a service's accounts over HTTP, each from a network address of their own."""

import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2

from tests.support.project import Project

AUTH = "/api/v1/auth"
USERS = "/api/v1/users"
AUDIT = "/api/v1/audit"
PASSWORD = "correct horse battery staple"  # noqa: S105 -- of accounts that live for a test
TRUSTING = {"TRUSTED_PROXIES": "127.0.0.1"}
"""The setting by which a service believes who visits it: limits count for each apart."""


def new_email() -> str:
    """Return an address that nobody has."""
    return f"person-{uuid.uuid4().hex}@example.com"


def new_client_address() -> str:
    """Return a network address that likely nobody else has taken."""
    return "10." + ".".join(str(random.randint(1, 254)) for _ in range(3))  # noqa: S311 -- no secret


def make_admin(project: Project, email: str, env: Mapping[str, str] | None = None) -> None:
    """Make an administrator by the service's own command."""
    project.make("admin", f"email={email}", env=dict(env or {}) | {"ADMIN_PASSWORD": PASSWORD})


@dataclass
class Visitor:
    """Somebody at a network address, who may have logged in.

    Attributes:
        http: What reaches the service.
        email: Their account's address; empty without one.
        password: Their password.
        tokens: What the last login or refresh gave.
        address: Where they are, if the service believes its proxy.
        fresh: Whether each request takes a connection of its own, so that any worker may get it.
    """

    http: httpx2.Client
    email: str = ""
    password: str = PASSWORD
    tokens: dict[str, Any] = field(default_factory=dict)
    address: str = field(default_factory=new_client_address)
    fresh: bool = False

    @property
    def id(self) -> str:
        """Their account's identifier."""
        found: str = self.get(f"{AUTH}/verify").raise_for_status().json()["user_id"]
        return found

    @property
    def current_session(self) -> str:
        """The identifier of the session that the last login opened."""
        found = self.get(f"{AUTH}/sessions").raise_for_status().json()["items"]
        (current,) = (str(each["id"]) for each in found if each["current"])
        return current

    @property
    def access(self) -> str:
        """Their access token."""
        return str(self.tokens["access_token"])

    @property
    def refresh_token(self) -> str:
        """Their refresh token."""
        return str(self.tokens["refresh_token"])

    def send(
        self, method: str, path: str, *, cid: str | None = None, **options: Any
    ) -> httpx2.Response:
        """Send a request as this visitor, with a correlation id if one is given."""
        headers = {"X-Forwarded-For": self.address} | options.pop("headers", {})
        if self.tokens:
            headers.setdefault("Authorization", f"Bearer {self.access}")
        if self.fresh:
            headers["Connection"] = "close"
        if cid:
            headers["X-Correlation-ID"] = cid
        return self.http.request(method, path, headers=headers, **options)

    def get(self, path: str, **options: Any) -> httpx2.Response:
        """Send a GET."""
        return self.send("GET", path, **options)

    def post(self, path: str, json: Any = None, **options: Any) -> httpx2.Response:
        """Send a POST."""
        return self.send("POST", path, json=json, **options)

    def log_in(self, **options: Any) -> "Visitor":
        """Open a session and keep its tokens."""
        self.tokens = {}
        body = {"email": self.email, "password": self.password}
        answer = self.post(f"{AUTH}/login", body, **options)
        assert answer.status_code == 200, answer.text
        self.tokens = answer.json()
        return self

    def elsewhere(self) -> "Visitor":
        """Return the same person with a session of their own, on another machine."""
        return Visitor(self.http, self.email, self.password, fresh=self.fresh).log_in()

    def with_tokens(self, tokens: dict[str, Any]) -> "Visitor":
        """Return the same person, on the same machine, with other tokens."""
        return Visitor(self.http, self.email, self.password, tokens, self.address, self.fresh)


def create_user(admin: Visitor, *, role: str = "user", password: str = PASSWORD) -> Visitor:
    """Let an administrator make an account, whose address counts as verified."""
    body = {"email": new_email(), "name": "Person", "role": role, "password": password}
    answer = admin.post(USERS, body)
    assert answer.status_code == 201, answer.text
    return Visitor(admin.http, body["email"], password, fresh=admin.fresh)
