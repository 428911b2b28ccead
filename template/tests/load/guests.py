"""What users do with their accounts, and how those sign in who do more."""

import os
import time

from locust import HttpUser, constant, task

# One account for all who work: logins are limited, and cost more than anything else.
EMAIL = os.environ.get("LOADTEST_EMAIL")
PASSWORD = os.environ.get("LOADTEST_PASSWORD")
LOGIN = "/api/v1/auth/login"


class Account:
    """A token that all share, made anew before it ends."""

    token = ""
    ends_at = 0.0

    @classmethod
    def identify(cls, user: HttpUser) -> bool:
        """Let a user send the token; False while there is none."""
        if cls.ends_at < time.monotonic():
            cls.ends_at = time.monotonic() + 60  # meanwhile the others go on with what there is
            response = user.client.post(LOGIN, json={"email": EMAIL, "password": PASSWORD})
            if not response.ok:
                return bool(cls.token)
            pair = response.json()
            cls.token = pair["access_token"]
            cls.ends_at = time.monotonic() + pair["expires_in"] / 2
        user.client.headers["Authorization"] = f"Bearer {cls.token}"
        return bool(cls.token)


class Guest(HttpUser):
    """Logs in, looks at the account and logs out; with LOADTEST_EMAIL and LOADTEST_PASSWORD only.

    There is one, who comes as often as the default limit of logins lets one client, beside the
    others' one login.
    """

    fixed_count = 1 if EMAIL else 0
    weight = 0
    wait_time = constant(20)

    @task
    def visit(self) -> None:
        """Come and go."""
        response = self.client.post(LOGIN, json={"email": EMAIL, "password": PASSWORD})
        if not response.ok:
            return
        self.client.headers["Authorization"] = f"Bearer {response.json()['access_token']}"
        self.client.get("/api/v1/auth/me")
        self.client.post("/api/v1/auth/logout")
