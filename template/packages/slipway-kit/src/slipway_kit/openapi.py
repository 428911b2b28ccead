"""The OpenAPI schema, whatever framework has made it.

Every error gets its schema, each response an example and the headers that the service adds.
"""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from pydantic import AnyHttpUrl
from pydantic.json_schema import models_json_schema

from .openapi_examples import example_of
from .problems import (
    MEDIA_TYPE,
    BodyTimeoutError,
    BodyTooLargeError,
    InvalidRequestError,
    MediaTypeError,
    Problem,
    RateLimitedError,
    ServiceError,
    UnreadableBodyError,
    example,
    kind_of,
)

Document = dict[str, Any]
Documentation = dict[int | str, dict[str, Any]]

LOCATED: Documentation = {
    201: {
        "headers": {
            "Location": {
                "description": "The path of what was made.",
                "schema": {"type": "string", "format": "uri-reference"},
            }
        }
    }
}
"""The entry of an endpoint that creates a resource and returns its Location."""

_CORRELATION = {
    "X-Correlation-ID": {
        "description": "The request's identifier, as in the log; quote it in a report.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,128}$"},
    }
}
_LIMIT = {
    f"X-RateLimit-{name}": {"description": text, "schema": {"type": "integer", "minimum": 0}}
    for name, text in {
        "Limit": "How many requests may pass in the period.",
        "Remaining": "How many more may pass right now.",
        "Reset": "Seconds until as many as the limit may pass again.",
    }.items()
}
# What frameworks write where they know nothing.
_PLACEHOLDERS = {"", "Successful Response", "Validation Error"}


def documented(*errors: type[ServiceError]) -> Documentation:
    """Return the OpenAPI entries of the errors that an endpoint can give, an example of each.

    `complete` adds those that need no naming: 422 where there is something to validate, what can be
    wrong with a body, and 500.
    """
    entries: Documentation = {}
    for error in errors:
        entry = entries.setdefault(error.status, _empty_entry(error))
        entry["description"] += f"\n\n- `{error.code}`: {error.detail}"
        entry["headers"].update(error.documented_headers)
        shown = {"summary": error.detail, "value": example(error)}
        entry["content"][MEDIA_TYPE]["examples"][error.code] = shown
    return entries


def _empty_entry(error: type[ServiceError]) -> dict[str, Any]:
    reference = {"$ref": "#/components/schemas/Problem"}
    return {
        "description": kind_of(error.status)[1],
        "headers": {},
        "content": {MEDIA_TYPE: {"schema": reference, "examples": {}}},
    }


def servers(public_url: AnyHttpUrl | None) -> list[dict[str, Any]]:
    """Return the servers of the schema; by default, the host that serves the schema."""
    if public_url is None:
        return [{"url": "/", "description": "The host that serves this schema"}]
    return [{"url": str(public_url).rstrip("/")}]  # paths begin with a slash


def complete(document: Document, *, contact_name: str, contact_email: str) -> None:
    """Complete a schema.

    Args:
        document: What the framework has made, with the errors that endpoints name.
        contact_name: The owner of the service.
        contact_email: The owner's email.
    """
    # Not through a framework's argument, which insists on a public mail domain.
    document["info"]["contact"] = {"name": contact_name, "email": contact_email}
    document.setdefault("security", [])  # an operation with requirements has its own
    _add_components(document)
    for path, _, operation in operations(document):
        _add_errors(operation)
        _add_examples(operation, document["components"]["schemas"], path)
        _add_headers(operation)


def operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    """Yield the path, method and description of each operation."""
    for path, methods in document.get("paths", {}).items():
        for method, operation in methods.items():
            yield path, method, operation


def _add_components(document: Document) -> None:
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    _, definitions = models_json_schema(
        [(Problem, "serialization")], ref_template="#/components/schemas/{model}"
    )
    schemas.update(definitions["$defs"])
    for _, _, operation in operations(document):
        _name_body(operation, schemas)
    limited = any(_is_limited(operation) for _, _, operation in operations(document))
    components["headers"] = _CORRELATION | _LIMIT if limited else _CORRELATION


def _name_body(operation: Document, schemas: Document) -> None:
    """Give the schema of a body that an endpoint reads by itself a name, as others have."""
    for content in operation.get("requestBody", {}).get("content", {}).values():
        schema = content.get("schema", {})
        if schema.get("type") == "object" and "title" in schema:
            schemas.setdefault(schema["title"], schema)
            content["schema"] = {"$ref": f"#/components/schemas/{schema['title']}"}


def _add_errors(operation: Document) -> None:
    responses = operation["responses"]
    common: list[type[ServiceError]] = [ServiceError]
    if "requestBody" in operation:
        common += [UnreadableBodyError, BodyTimeoutError, BodyTooLargeError, MediaTypeError]
    if "requestBody" in operation or operation.get("parameters"):
        common.append(InvalidRequestError)
    for status, entry in documented(*common).items():
        _merge(responses, str(status), entry)
    operation["responses"] = dict(sorted(responses.items()))


def _merge(responses: Document, status: str, entry: Document) -> None:
    """Add an error to those that the endpoint names for the same status."""
    named = responses.get(status, {}).get("content", {}).get(MEDIA_TYPE)
    if named is None:
        # A body that the endpoint declared itself, like a report, stays.
        responses.setdefault(status, entry)
        responses[status].setdefault("content", entry["content"])
        return
    added = entry["content"][MEDIA_TYPE]["examples"]
    if not added.keys() <= named.setdefault("examples", {}).keys():
        responses[status]["description"] += "\n\n" + entry["description"].partition("\n\n")[2]
        named["examples"] |= added


def _add_examples(operation: Document, schemas: Document, path: str) -> None:
    for status, response in operation["responses"].items():
        contents: Document = response.get("content", {})
        for media_type, content in contents.items():
            schema = content.get("schema", {})
            if media_type == MEDIA_TYPE and "examples" in content:
                for shown in content["examples"].values():
                    _place(shown["value"], operation, schemas, path)
            elif media_type == "application/json" and not content.keys() & {"example", "examples"}:
                content["example"] = example_of(schema, schemas)
            if response["description"] in _PLACEHOLDERS:
                name = schema.get("$ref", "").rpartition("/")[2]
                text = schemas.get(name, {}).get("description", HTTPStatus(int(status)).phrase)
                response["description"] = text.partition("\n")[0]
        if response["description"] in _PLACEHOLDERS:
            response["description"] = HTTPStatus(int(status)).phrase


def _place(problem: Document, operation: Document, schemas: Document, path: str) -> None:
    """Let a problem's example speak of this operation."""
    parameters = operation.get("parameters", [])
    for parameter in parameters:
        if parameter["in"] == "path":
            value = example_of(parameter["schema"], schemas)
            path = path.replace("{" + parameter["name"] + "}", str(value))
    problem["instance"] = path
    if problem["code"] == InvalidRequestError.code:
        problem["errors"] = [_example_error(operation, schemas)]


def _example_error(operation: Document, schemas: Document) -> Document:
    contents = operation.get("requestBody", {}).get("content", {})
    for content in contents.values():
        schema = content["schema"]
        schema = schemas.get(schema.get("$ref", "").rpartition("/")[2], schema)
        for name in schema.get("required", ()):
            return {"loc": ["body", name], "msg": "Field required", "type": "missing"}
        return {"loc": ["body", 1], "msg": "JSON decode error", "type": "json_invalid"}
    parameter = operation["parameters"][0]
    return {
        "loc": [parameter["in"], parameter["name"]],
        "msg": "Input should be a valid integer, unable to parse string as an integer",
        "type": "int_parsing",
    }


def _add_headers(operation: Document) -> None:
    names = _CORRELATION | _LIMIT if _is_limited(operation) else _CORRELATION
    common = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    for response in operation["responses"].values():
        response["headers"] = response.get("headers", {}) | common


def _is_limited(operation: Document) -> bool:
    return str(RateLimitedError.status) in operation["responses"]
