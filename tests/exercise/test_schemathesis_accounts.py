"""An outside judge compares the service with its document once more, as those who have accounts."""

import re
from pathlib import Path

import httpx2
import pytest

from tests.exercise.test_schemathesis import JUDGE
from tests.support.accounts import AUTH, Visitor, create_user, make_admin
from tests.support.project import Project
from tests.support.variants import on_each_framework

ADMIN = "root@example.com"
CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
# What ends the judge's own session, so that all the rest would be judged as for nobody: an
# administrator could delete or demote itself as well.
ENDS_SESSION = {
    "user": ("log_out", "end_session", "change_password"),
    "admin": (
        *("log_out", "end_session", "end_user_sessions", "change_password"),
        *("delete_user", "change_role"),
    ),
}
pytestmark = [pytest.mark.xdist_group("accounts"), on_each_framework]


@pytest.mark.parametrize("role", ["user", "admin"])
def test_schemathesis_finds_nothing_as(default_service: Project, tmp_path: Path, role: str) -> None:
    settings = {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'service.db'}",
        "RATE_LIMIT_ENABLED": "false",
    }
    default_service.make("migrate", env=settings)
    make_admin(default_service, ADMIN, settings)
    with default_service.serving(settings) as running, httpx2.Client(base_url=running.url) as http:
        root = Visitor(http, ADMIN).log_in()
        someone = create_user(root, role=role).log_in()
        excluded = [
            part for name in ENDS_SESSION[role] for part in ("--exclude-operation-id", name)
        ]
        judged = default_service.run(
            *("uvx", "--from", JUDGE, "schemathesis", "--config-file", str(CONFIGURATION)),
            *("run", f"{running.url}/openapi.json"),
            *("--checks", "all", "--phases", "examples,coverage,fuzzing,stateful"),
            *("--max-examples", "6", "--no-color", "--header"),
            f"Authorization: Bearer {someone.access}",
            *excluded,
            check=False,
        )
        still = someone.get(f"{AUTH}/verify")

        assert judged.returncode == 0, judged.stdout[-6000:]
        assert re.search(r"[1-9]\d* generated", judged.stdout), judged.stdout[-2000:]
        assert still.status_code == 200, "it was judged without an account"
