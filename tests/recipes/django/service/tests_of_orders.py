"""Tests of a team's app, with the ordinary tools of Django, its REST framework and pytest-django."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.core.management import call_command
from django.test import Client, RequestFactory
from django.urls import reverse
from rest_framework.test import APIClient, APIRequestFactory, force_authenticate

from PACKAGE.items.models import Item
from PACKAGE.orders.models import Order
from PACKAGE.orders.views import OrderViewSet, whoami
from PACKAGE.users.models import User

PASSWORD = "correct horse battery staple"


@pytest.fixture
def ann(db):
    user = User(email="ann@example.com", verified_at=datetime.now(UTC))
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture
def root(db):
    return User.objects.create_superuser("root@example.com", PASSWORD)


@pytest.fixture
def api(ann):
    client = APIClient()
    client.force_authenticate(ann)
    return client


def _token(client, email="ann@example.com"):
    body = {"email": email, "password": PASSWORD}
    response = client.post(reverse("log-in"), body, content_type="application/json")
    assert response.status_code == 200, response.content
    return {"Authorization": f"Bearer {response.json()['access_token']}"}


def test_a_client_without_a_token_gets_a_problem(db):
    response = Client().get(reverse("order-list"))

    assert (response.status_code, response.json()["code"]) == (401, "UNAUTHENTICATED")
    assert response["Content-Type"] == "application/problem+json"


def test_force_authenticate(api):
    created = api.post(reverse("order-list"), {"title": "one"}, format="json")

    assert created.status_code == 201
    assert api.get(reverse("order-detail", args=[created.json()["id"]])).json()["title"] == "one"


def test_rows_are_rolled_back_after_a_test(db):
    assert Order.objects.count() == 0


def test_an_action_and_a_filter(api, ann):
    order = Order.objects.create(owner=ann, title="one")
    Order.objects.create(owner=ann, title="two")

    api.post(reverse("order-pay", args=[order.pk]))

    assert [each["title"] for each in api.get("/api/v1/orders/?is_paid=true").json()] == ["one"]


def test_the_queries_of_a_request_are_counted(api, django_assert_num_queries):
    with django_assert_num_queries(1):
        api.get(reverse("order-list"))


def test_the_request_factories(ann):
    request = APIRequestFactory().get("/")
    force_authenticate(request, user=ann)
    plain = RequestFactory().get("/")
    plain.user = ann

    assert OrderViewSet.as_view({"get": "list"})(request).status_code == 200
    assert b"ann@example.com" in whoami(plain).content


def test_force_login_opens_the_admin_site(root):
    client = Client()

    client.force_login(root)

    assert client.get(reverse("admin:index")).status_code == 200
    client.logout()
    assert client.get(reverse("admin:index")).status_code == 302


def test_login_checks_the_password(root):
    assert not Client().login(username="root@example.com", password="wrong")
    assert Client().login(username="root@example.com", password=PASSWORD)


def test_a_plain_view_knows_the_user_of_the_token(ann):
    client = Client()

    known = client.get(reverse("whoami"), headers=_token(client))

    assert known.json() == {"email": "ann@example.com"}
    assert client.get(reverse("whoami")).json() == {"email": None}


def test_login_required(ann):
    client = Client()

    assert client.get(reverse("closed")).status_code == 302
    assert client.get(reverse("closed"), headers=_token(client)).content == b"in"


def test_a_logout_counts_at_once(ann):
    client = Client()
    token = _token(client)

    assert client.post(reverse("log-out"), headers=token).status_code == 204

    assert client.get(reverse("me"), headers=token).status_code == 401


def test_a_login_sends_the_signals_of_django(ann):
    heard = []

    def logged_in(sender, request, user, **_):
        heard.append(("in", user.email))

    def failed(sender, credentials, request, **_):
        heard.append(("failed", credentials["username"]))

    user_logged_in.connect(logged_in)
    user_login_failed.connect(failed)
    client = Client()

    _token(client)
    body = {"email": "ann@example.com", "password": "wrong"}
    client.post(reverse("log-in"), body, content_type="application/json")

    assert heard == [("in", "ann@example.com"), ("failed", "ann@example.com")]


def test_an_error_undoes_what_the_request_wrote(api):
    response = api.post(reverse("writes-then-fails"))

    assert (response.status_code, response.json()["code"]) == (409, "ITEM_NAME_TAKEN")
    assert not Order.objects.filter(title="lost").exists()


@pytest.mark.django_db(transaction=True)
def test_atomic_requests_undo_what_a_failed_request_wrote(ann, monkeypatch):
    from django.db import connection

    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    Item.objects.create(owner=ann, name="one", quantity=1)
    api = APIClient()
    api.force_authenticate(ann)

    response = api.post(reverse("item-list"), {"name": "one", "quantity": 1}, format="json")

    assert response.status_code == 409
    assert Item.objects.count() == 1


def test_the_encoder_of_the_rest_framework(api, ann):
    Order.objects.create(owner=ann, title="one")

    body = api.get(reverse("values")).json()

    assert body == {
        "duration": "60.0",
        "price": 1.5,
        "set": [1],
        "text": "Hello",
        "orders": ["one"],
        "id": "00000000-0000-0000-0000-000000000007",
    }


def test_an_api_exception_is_a_problem(db):
    response = Client().get(reverse("gone"))

    assert response.status_code == 410
    assert response["Content-Type"] == "application/problem+json"


def test_an_unhandled_error_is_a_problem_without_its_cause(db):
    response = Client(raise_request_exception=False).get(reverse("fails"))

    assert (response.status_code, response.json()["code"]) == (500, "INTERNAL_ERROR")
    assert b"hunter2" not in response.content


def test_a_command_calls_the_service_s_functions(db, capsys):
    call_command("import_orders")

    assert Item.objects.get(name="imported").quantity == 2
    assert User.objects.filter(email="imported@example.com").exists()
    assert "hunter2" not in capsys.readouterr().out


def test_health_responds(db):
    assert Client().get(reverse("health-ready")).json()["ready"] is True


def test_every_route_has_a_name():
    from django.urls import get_resolver

    def unnamed(patterns, before=""):
        for each in patterns:
            if hasattr(each, "url_patterns"):
                if not str(each.pattern).startswith("admin"):
                    yield from unnamed(each.url_patterns, before + str(each.pattern))
            elif each.name is None:
                yield before + str(each.pattern)

    assert [route for route in unnamed(get_resolver().url_patterns) if "admin" not in route] == []


def test_a_write_by_a_model_counts_at_the_next_request(service, user):
    login = {"email": user.email, "password": PASSWORD}
    token = service.post("/api/v1/auth/login", json=login).json()["access_token"]
    service.headers["Authorization"] = f"Bearer {token}"
    path = service.post("/api/v1/items", json={"name": "one", "quantity": 1}).headers["Location"]
    assert service.get(path).json()["quantity"] == 1

    item = Item.objects.get()
    item.quantity = 2
    item.save()

    assert service.get(path).json()["quantity"] == 2
