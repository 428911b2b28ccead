import itertools
from typing import Any

import jsonschema_rs
import pytest
from starlette.testclient import TestClient

from .factories import create_item

ITEMS = "/api/v1/items"


def test_a_created_item_is_where_its_location_says(caller: TestClient) -> None:
    response = caller.post(ITEMS, json={"name": "Blue bicycle", "quantity": 3})

    assert response.status_code == 201
    assert response.headers["Location"] == f"{ITEMS}/{response.json()['id']}"
    assert caller.get(response.headers["Location"]).json() == response.json()


def test_an_items_moments_have_a_time_zone(caller: TestClient) -> None:
    item = create_item(caller)

    assert item["created_at"].endswith("Z")
    assert caller.get(f"{ITEMS}/{item['id']}").json()["created_at"] == item["created_at"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "a" * 121},
        {"name": "two\nlines"},
        {"name": "NUL\x00"},
        {"name": "   "},
        {"name": "padded "},
        {"name": "bell\x7f"},
        {"name": "line\u2028break"},
        {"name": "ok", "quantity": True},
        {"name": "ok", "quantity": "5"},
        {"name": "ok", "quantity": 1.5},
        {"name": None},
        {"name": "ok", "quantity": -1},
        {"name": "ok", "quantity": 2**31},
        {"name": "ok", "description": "NUL\x00"},
        {"name": "ok", "colour": "blue"},
        [],
        "text",
    ],
)
def test_an_unfit_item_is_refused_and_not_kept(caller: TestClient, body: Any) -> None:
    response = caller.post(ITEMS, json=body)

    assert response.status_code == 422
    assert caller.get(ITEMS).json()["total"] == 0


def test_a_whole_number_may_be_written_with_a_point(caller: TestClient) -> None:
    assert create_item(caller, quantity=3.0)["quantity"] == 3


def test_half_a_character_is_refused(caller: TestClient) -> None:
    response = caller.post(
        ITEMS, content=r'{"name": "\ud800"}', headers={"Content-Type": "application/json"}
    )

    assert response.status_code == 422


def test_two_items_cannot_share_a_name(caller: TestClient) -> None:
    create_item(caller)

    response = caller.post(ITEMS, json={"name": "Blue bicycle"})

    assert (response.status_code, response.json()["code"]) == (409, "ITEM_NAME_TAKEN")


def test_an_item_cannot_take_the_name_of_another(caller: TestClient) -> None:
    create_item(caller)
    other = create_item(caller, "Red bicycle")

    response = caller.patch(f"{ITEMS}/{other['id']}", json={"name": "Blue bicycle"})

    assert response.status_code == 409
    assert caller.get(f"{ITEMS}/{other['id']}").json()["name"] == "Red bicycle"


def test_a_change_touches_only_the_given_fields(caller: TestClient) -> None:
    item = create_item(caller, description="Three gears", quantity=3)

    changed = caller.patch(f"{ITEMS}/{item['id']}", json={"quantity": 4}).json()

    assert changed["quantity"] == 4
    assert (changed["name"], changed["description"]) == ("Blue bicycle", "Three gears")
    assert changed["updated_at"] > item["updated_at"]
    assert changed["created_at"] == item["created_at"]


def test_a_field_cannot_be_changed_to_null(caller: TestClient) -> None:
    item = create_item(caller)

    assert caller.patch(f"{ITEMS}/{item['id']}", json={"name": None}).status_code == 422


def test_a_deleted_items_number_is_not_given_again(caller: TestClient) -> None:
    first = create_item(caller)
    caller.delete(f"{ITEMS}/{first['id']}")

    assert create_item(caller)["id"] > first["id"]


@pytest.mark.parametrize(
    ("path", "allowed"),
    [(ITEMS, "GET, HEAD, POST"), (f"{ITEMS}/1", "GET, HEAD, PATCH, DELETE")],
)
def test_a_405_names_every_method_of_the_path(caller: TestClient, path: str, allowed: str) -> None:
    response = caller.put(path)

    assert (response.status_code, response.headers["Allow"]) == (405, allowed)


def test_every_operation_documents_that_the_service_may_be_unavailable(caller: TestClient) -> None:
    paths = caller.get("/openapi.json").json()["paths"]

    for path in (ITEMS, ITEMS + "/{item_id}"):
        assert all("503" in operation["responses"] for operation in paths[path].values())


def test_a_deleted_item_is_gone(caller: TestClient) -> None:
    path = f"{ITEMS}/{create_item(caller)['id']}"

    assert caller.delete(path).status_code == 204
    assert caller.get(path).status_code == 404
    assert caller.delete(path).status_code == 404
    assert caller.patch(path, json={"quantity": 1}).status_code == 404


@pytest.mark.parametrize("item_id", ["0", "-1", "9223372036854775808", "one", "1.5"])
def test_what_cannot_be_an_items_number_is_refused(caller: TestClient, item_id: str) -> None:
    assert caller.get(f"{ITEMS}/{item_id}").status_code == 422


def test_the_largest_number_finds_nothing(caller: TestClient) -> None:
    response = caller.get(f"{ITEMS}/9223372036854775807")

    assert (response.status_code, response.json()["code"]) == (404, "ITEM_NOT_FOUND")


def test_pages_hold_every_item_once(caller: TestClient) -> None:
    for number in range(5):
        create_item(caller, f"Item {number}", quantity=7)

    pages = [
        caller.get(ITEMS, params={"page": page, "page_size": 2, "sort": "quantity"}).json()
        for page in (1, 2, 3, 4)
    ]

    assert [len(page["items"]) for page in pages] == [2, 2, 1, 0]
    assert {(page["total"], page["pages"]) for page in pages} == {(5, 3)}
    names = [item["name"] for page in pages for item in page["items"]]
    assert sorted(names) == [f"Item {number}" for number in range(5)]


@pytest.mark.parametrize("key", ["name", "quantity", "created_at"])
def test_a_minus_sign_turns_the_order_round(caller: TestClient, key: str) -> None:
    for number in range(3):
        create_item(caller, f"Item {number}", quantity=number)

    rising = caller.get(ITEMS, params={"sort": key}).json()["items"]
    falling = caller.get(ITEMS, params={"sort": f"-{key}"}).json()["items"]

    assert all(one[key] <= other[key] for one, other in itertools.pairwise(rising))
    assert falling == rising[::-1]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("bicycle", {"Blue bicycle", "Red bicycle"}),
        ("BLUE", {"Blue bicycle"}),
        ("gears", {"Red bicycle"}),
        ("100%", {"100% wool"}),
        ("%", {"100% wool"}),
        ("_", set()),
        ("", {"Blue bicycle", "Red bicycle", "100% wool"}),
    ],
)
def test_a_filter_finds_text_in_names_and_descriptions(
    caller: TestClient, text: str, found: set[str]
) -> None:
    create_item(caller, "Blue bicycle")
    create_item(caller, "Red bicycle", description="Three gears")
    create_item(caller, "100% wool")

    page = caller.get(ITEMS, params={"filter": text}).json()

    assert {item["name"] for item in page["items"]} == found
    assert page["total"] == len(found)


def test_an_empty_filter_is_what_the_document_allows(caller: TestClient) -> None:
    parameters = caller.get("/openapi.json").json()["paths"][ITEMS]["get"]["parameters"]
    (schema,) = (each["schema"] for each in parameters if each["name"] == "filter")

    assert jsonschema_rs.is_valid(schema, "")
    assert jsonschema_rs.is_valid(schema, "bicycle")
    assert not jsonschema_rs.is_valid(schema, "x" * 121)


@pytest.mark.parametrize(
    "query",
    ["page=0", "page=1000000001", "page_size=0", "page_size=101", "sort=id", "filter=%00", "pge=2"],
)
def test_an_unfit_query_is_refused(caller: TestClient, query: str) -> None:
    assert caller.get(f"{ITEMS}?{query}").status_code == 422


def test_the_last_page_that_can_be_asked_for_is_empty(caller: TestClient) -> None:
    response = caller.get(ITEMS, params={"page": 10**9, "page_size": 100})

    assert (response.status_code, response.json()["items"]) == (200, [])
