"""Django's admin site in a running service: there or not, and for how long, as settings say."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.support.accounts import PASSWORD, make_admin, new_email
from tests.support.project import Project

pytestmark = [
    pytest.mark.parametrize("framework", ["django"], indirect=True),
    pytest.mark.xdist_group("accounts"),
]
LOGIN = "/admin/login/"


@contextmanager
def _visiting(project: Project, settings: Mapping[str, str]) -> Iterator[httpx2.Client]:
    with (
        project.serving(settings) as running,
        httpx2.Client(base_url=running.url, timeout=30) as http,
    ):
        yield http


@pytest.mark.parametrize(("enabled", "status"), [("true", 200), ("false", 404)])
def test_it_is_there_unless_a_setting_says_not(
    default_service: Project, enabled: str, status: int
) -> None:
    with _visiting(default_service, {"ADMIN_ENABLED": enabled}) as http:
        assert http.get(LOGIN).status_code == status


def test_a_name_that_no_file_can_have_is_not_found(default_service: Project) -> None:
    with _visiting(default_service, {"ADMIN_ENABLED": "true"}) as http:
        assert http.get(f"/static/{'a' * 16_000}").status_code == 404


def test_a_session_holds_for_as_long_as_a_setting_says(
    default_service: Project, tmp_path: Path
) -> None:
    settings = {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'service.db'}",
        "ADMIN_SESSION_MINUTES": "7",
    }
    default_service.make("migrate", env=settings)
    email = new_email()
    make_admin(default_service, email, settings)

    with _visiting(default_service, settings) as http:
        hidden = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', http.get(LOGIN).text)
        assert hidden
        form = {"csrfmiddlewaretoken": hidden[1], "username": email, "password": PASSWORD}
        entered = http.post(LOGIN, data=form, headers={"Referer": f"{http.base_url}{LOGIN}"})
        inside = http.get("/admin/users/user/")

    cookies = entered.headers.get_list("Set-Cookie")
    sessions = [each for each in cookies if each.startswith("sessionid=")]
    assert [re.findall(r"Max-Age=(\d+)", each) for each in sessions] == [["420"]]
    assert inside.status_code == 200
