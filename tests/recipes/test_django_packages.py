"""Six packages of others, each installed as its own documentation says."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.recipes.conftest import ADMIN, Service, assert_guaranteed, assert_problem
from tests.recipes.test_django_accounts import enter
from tests.support.accounts import AUTH, Visitor, create_user
from tests.support.django_recipes import FAILURES
from tests.support.project import Project

pytestmark = pytest.mark.xdist_group("django recipes")
ORDERS = "/api/v1/orders"


@pytest.fixture(scope="module")
def site(django_service: Service, django_admin: Visitor) -> Iterator[httpx2.Client]:
    """The administrator's browser, logged in to the admin site."""
    with httpx2.Client(base_url=django_service.running.url, timeout=60) as browser:
        page = enter(Visitor(browser, ADMIN, django_admin.password), browser)
        assert page.status_code == 200
        yield browser


def test_the_settings_with_all_of_them_are_accepted(django_project: tuple[Project, int]) -> None:
    checked = django_project[0].make("check", env={"UV_NO_SYNC": "true"})

    assert "fit for development" in checked.stdout


def test_django_filter_filters_and_the_view_stays_closed(
    django_service: Service, django_admin: Visitor
) -> None:
    for paid in (True, False):
        django_admin.post(ORDERS, {"name": "filtered", "paid": paid}).raise_for_status()

    found = django_admin.get(ORDERS, params={"paid": "true"})

    assert {each["paid"] for each in found.json()} == {True}
    assert_guaranteed(found)
    assert_problem(django_service.get(ORDERS, params={"paid": "true"}), 401)


def test_import_export_exports_on_the_admin_site(
    site: httpx2.Client, django_admin: Visitor
) -> None:
    django_admin.post(ORDERS, {"name": "exported"}).raise_for_status()
    page = site.get("/admin/recipes/order/export/")
    token = re.search('csrfmiddlewaretoken" value="([^"]+)', page.text)
    assert token is not None

    fields = dict.fromkeys(re.findall('name="([a-z]+_(?:id|name|paid))"', page.text), "on")
    form = {"csrfmiddlewaretoken": token[1], "format": "0", "resource": "0", **fields}
    file = site.post("/admin/recipes/order/export/", data=form)

    assert file.headers["Content-Type"].startswith("text/csv"), file.text
    assert "exported" in file.text


def test_debug_toolbar_shows_on_pages_under_the_policy(site: httpx2.Client) -> None:
    page = site.get("/admin/")

    policy = page.headers["Content-Security-Policy"]
    nonce = re.search("'nonce-([^']+)'", policy)
    assert nonce is not None
    assert "unsafe" not in policy
    tag = f'<script nonce="{nonce[1]}" type="module" src="/static/debug_toolbar/js/toolbar.js"'
    assert 'id="djDebug"' in page.text
    assert tag in page.text
    assert site.get("/static/debug_toolbar/js/toolbar.js").status_code == 200


def test_storages_keeps_files_elsewhere_and_static_files_stay(
    django_service: Service, django_admin: Visitor, ftp: Path
) -> None:
    kept = django_admin.send("PUT", f"{ORDERS}/file")

    assert (kept.status_code, kept.json()) == (201, "a note")
    assert next(ftp.glob("note*")).read_text() == "a note"
    assert django_service.get("/static/recipes/hello.css").status_code == 200


def test_axes_refuses_an_address_after_failed_logins_at_the_api(django_admin: Visitor) -> None:
    victim = create_user(django_admin)
    bodies = [{"email": victim.email, "password": "a wrong guess"}] * FAILURES
    bodies.append({"email": victim.email, "password": victim.password})

    responses = [victim.post(f"{AUTH}/login", body) for body in bodies]

    wrong, locked = [401] * (FAILURES - 1), [429] * 2
    assert [response.status_code for response in responses] == wrong + locked
    assert_problem(responses[-1], 429)
    assert create_user(django_admin).log_in().tokens, "others log in"


def test_otp_matches_the_numbers_of_a_users_device(
    django_project: tuple[Project, int], django_user: Visitor
) -> None:
    project, _ = django_project
    code = (
        "from django.contrib.auth import get_user_model\n"
        "from django_otp.plugins.otp_totp.models import TOTPDevice\n"
        "from django_otp.oath import totp\n"
        f"user = get_user_model().objects.get(email={django_user.email!r})\n"
        "device = TOTPDevice.objects.create(user=user, name='phone')\n"
        "print(f'{totp(device.bin_key):06}')\n"
    )
    command = ("uv", "run", "--no-sync", "python", "manage.py", "shell", "-v", "0", "-c", code)
    number = project.run(*command).stdout.split()[-1]

    answers = [
        django_user.post(f"{ORDERS}/token", {"number": given}).json() for given in (number, number)
    ]

    assert answers == [True, False]  # a number counts once
