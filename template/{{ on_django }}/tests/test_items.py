import itertools
from typing import Any

import pytest
from django.urls import reverse
from rest_framework.test import APIClient

ITEMS = "/api/v1/items"


def _create(api: APIClient, name: str = "Blue bicycle", **fields: Any) -> dict[str, Any]:
    response = api.post(ITEMS, {"name": name, **fields})
    assert response.status_code == 201, response.text
    item: dict[str, Any] = response.json()
    return item


def _place(item: dict[str, Any]) -> str:
    return reverse("item-detail", args=[item["id"]])


def test_a_created_item_is_where_its_location_says(api: APIClient) -> None:
    response = api.post(ITEMS, {"name": "Blue bicycle", "quantity": 3})

    assert response.status_code == 201
    assert response.headers["Location"] == _place(response.json())
    assert api.get(response.headers["Location"]).json() == response.json()


def test_an_items_moments_have_a_time_zone(api: APIClient) -> None:
    assert _create(api)["created_at"].endswith("Z")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "a" * 121},
        {"name": "two\nlines"},
        {"name": "NUL\x00"},
        {"name": "padded "},
        {"name": "line\u2028break"},
        {"name": "ok", "quantity": True},
        {"name": "ok", "quantity": "5"},
        {"name": "ok", "quantity": 1.5},
        {"name": None},
        {"name": "ok", "quantity": -1},
        {"name": "ok", "quantity": 2**31},
        {"name": "ok", "description": "NUL\x00"},
        {"name": "ok", "colour": "blue"},
        {"name": "ok", "id": 7},
        [],
        "text",
    ],
)
def test_an_unfit_item_is_refused_and_not_kept(api: APIClient, body: Any) -> None:
    response = api.post(ITEMS, body)

    assert (response.status_code, response.json()["code"]) == (422, "VALIDATION_FAILED")
    assert api.get(ITEMS).json()["total"] == 0


def test_a_whole_number_may_be_written_with_a_point(api: APIClient) -> None:
    assert _create(api, quantity=3.0)["quantity"] == 3


def test_two_items_cannot_share_a_name(api: APIClient) -> None:
    _create(api)

    response = api.post(ITEMS, {"name": "Blue bicycle"})

    assert (response.status_code, response.json()["code"]) == (409, "ITEM_NAME_TAKEN")


def test_an_item_cannot_take_the_name_of_another(api: APIClient) -> None:
    _create(api)
    other = _create(api, "Red bicycle")

    response = api.patch(_place(other), {"name": "Blue bicycle"})

    assert response.status_code == 409
    assert api.get(_place(other)).json()["name"] == "Red bicycle"


def test_a_change_touches_only_the_given_fields(api: APIClient) -> None:
    item = _create(api, description="Three gears", quantity=3)

    changed = api.patch(_place(item), {"quantity": 4}).json()

    assert changed["quantity"] == 4
    assert (changed["name"], changed["description"]) == ("Blue bicycle", "Three gears")
    assert changed["updated_at"] > item["updated_at"]
    assert changed["created_at"] == item["created_at"]


def test_a_field_cannot_be_changed_to_null(api: APIClient) -> None:
    assert api.patch(_place(_create(api)), {"name": None}).status_code == 422


def test_an_item_is_not_replaced(api: APIClient) -> None:
    response = api.put(_place(_create(api)), {"name": "Red bicycle"})

    assert (response.status_code, response.headers["Allow"]) == (405, "GET, HEAD, PATCH, DELETE")


def test_a_deleted_item_is_gone(api: APIClient) -> None:
    place = _place(_create(api))

    assert api.delete(place).status_code == 204
    assert api.get(place).status_code == 404
    assert api.delete(place).status_code == 404
    assert api.patch(place, {"quantity": 1}).status_code == 404


@pytest.mark.parametrize("item_id", ["0", "-1", "9223372036854775808", "one", "1.5"])
def test_what_cannot_be_an_items_number_is_refused(api: APIClient, item_id: str) -> None:
    assert api.get(f"{ITEMS}/{item_id}").status_code == 422


def test_the_largest_number_finds_nothing(api: APIClient) -> None:
    response = api.get(f"{ITEMS}/9223372036854775807")

    assert (response.status_code, response.json()["code"]) == (404, "ITEM_NOT_FOUND")


def test_pages_hold_every_item_once(api: APIClient) -> None:
    for number in range(5):
        _create(api, f"Item {number}", quantity=7)

    pages = [
        api.get(ITEMS, {"page": page, "page_size": 2, "sort": "quantity"}).json()
        for page in (1, 2, 3, 4)
    ]

    assert [len(page["items"]) for page in pages] == [2, 2, 1, 0]
    assert {(page["total"], page["pages"]) for page in pages} == {(5, 3)}
    names = [item["name"] for page in pages for item in page["items"]]
    assert sorted(names) == [f"Item {number}" for number in range(5)]


@pytest.mark.parametrize("key", ["name", "quantity", "created_at"])
def test_a_minus_sign_turns_the_order_round(api: APIClient, key: str) -> None:
    for number in range(3):
        _create(api, f"Item {number}", quantity=number)

    rising = api.get(ITEMS, {"sort": key}).json()["items"]
    falling = api.get(ITEMS, {"sort": f"-{key}"}).json()["items"]

    assert all(one[key] <= other[key] for one, other in itertools.pairwise(rising))
    assert falling == rising[::-1]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("bicycle", {"Blue bicycle", "Red bicycle"}),
        ("BLUE", {"Blue bicycle"}),
        ("gears", {"Red bicycle"}),
        ("%", {"100% wool"}),
        ("_", set()),
        ("", {"Blue bicycle", "Red bicycle", "100% wool"}),
    ],
)
def test_a_filter_finds_text_in_names_and_descriptions(
    api: APIClient, text: str, found: set[str]
) -> None:
    _create(api)
    _create(api, "Red bicycle", description="Three gears")
    _create(api, "100% wool")

    page = api.get(ITEMS, {"filter": text}).json()

    assert {item["name"] for item in page["items"]} == found
    assert page["total"] == len(found)


@pytest.mark.parametrize(
    "query",
    ["page=0", "page=1000000001", "page_size=0", "page_size=101", "sort=id", "filter=%00", "pge=2"],
)
def test_an_unfit_query_is_refused(api: APIClient, query: str) -> None:
    assert api.get(f"{ITEMS}?{query}").status_code == 422


@pytest.mark.usefixtures("no_lazy_queries")
@pytest.mark.parametrize(
    ("method", "body", "expected"),
    [
        ("post", {"name": "Lamp"}, 3),  # two are of its transaction
        ("list", None, 2),  # the page and the count
        ("get", None, 1),
        ("patch", {"name": "Lamp"}, 4),
        ("delete", None, 2),
    ],
)
def test_an_endpoint_sends_few_queries_however_many_rows_there_are(
    api: APIClient, django_assert_num_queries: Any, method: str, body: Any, expected: int
) -> None:
    items = [_create(api, f"Item {number}") for number in range(5)]
    path = ITEMS if method in {"post", "list"} else _place(items[0])

    with django_assert_num_queries(expected):
        response = getattr(api, "get" if method == "list" else method)(path, body)

    assert response.status_code < 300
