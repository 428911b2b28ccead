"""The OpenAPI document, with every error in its true shape, and an example of each answer."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from pydantic import AnyHttpUrl
from pydantic.json_schema import models_json_schema

from .about import CONTACT_EMAIL, CONTACT_NAME
from .core.examples import example_of
from .core.problems import (
    MEDIA_TYPE,
    BodyTooLargeError,
    InvalidRequestError,
    MediaTypeError,
    Problem,
    RateLimitedError,
    ServiceError,
    UnreadableBodyError,
)
from .deprecation import deprecation_of
from .errors import Documentation, documented

Document = dict[str, Any]

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
"""The entry of an endpoint that makes something and says where it is."""

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
_FRAMEWORKS_SCHEMAS = ("HTTPValidationError", "ValidationError")
_FRAMEWORKS_DESCRIPTIONS = {"Successful Response", "Validation Error"}


class DocumentedFastAPI(FastAPI):
    """FastAPI whose document shows what the service answers, where it would show less."""

    def openapi(self) -> Document:
        """Return the document, made once."""
        fresh = self.openapi_schema is None
        document = super().openapi()
        if fresh:
            # Not through the framework's argument, which insists on a public mail domain.
            document["info"]["contact"] = {"name": CONTACT_NAME, "email": CONTACT_EMAIL}
            document.setdefault("security", [])  # an operation that asks for something says so
            _add_components(document)
            for path, _, operation in _operations(document):
                _add_errors(operation)
                _add_examples(operation, document["components"]["schemas"], path)
                _add_headers(operation)
            self._mark_deprecated(document)
        return document

    def _mark_deprecated(self, document: Document) -> None:
        for route in iter_route_contexts(self.routes):
            deprecated = deprecation_of(route)
            for method in route.methods or () if deprecated else ():
                operation = document["paths"].get(route.path_format, {}).get(method.lower())
                if deprecated and operation:
                    deprecated.document(operation)


def servers(public_url: AnyHttpUrl | None) -> list[dict[str, Any]]:
    """Return where the document says that the API is; by default, where the document itself is."""
    if public_url is None:
        return [{"url": "/", "description": "The host that serves this document"}]
    return [{"url": str(public_url).rstrip("/")}]  # paths begin with a slash


def _operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    for path, methods in document.get("paths", {}).items():
        for method, operation in methods.items():
            yield path, method, operation


def _add_components(document: Document) -> None:
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in _FRAMEWORKS_SCHEMAS:
        schemas.pop(name, None)
    _, definitions = models_json_schema(
        [(Problem, "serialization")], ref_template="#/components/schemas/{model}"
    )
    schemas.update(definitions["$defs"])
    for _, _, operation in _operations(document):
        _name_body(operation, schemas)
    limited = any(_is_limited(operation) for _, _, operation in _operations(document))
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
    unvalidated = responses.get("422", {})
    if _FRAMEWORKS_SCHEMAS[0] in str(unvalidated.get("content")):
        del responses["422"]
    common: list[type[ServiceError]] = [ServiceError]
    if "requestBody" in operation:
        common += [UnreadableBodyError, BodyTooLargeError, MediaTypeError]
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
            if response["description"] in _FRAMEWORKS_DESCRIPTIONS:
                name = schema.get("$ref", "").rpartition("/")[2]
                text = schemas.get(name, {}).get("description", HTTPStatus(int(status)).phrase)
                response["description"] = text.partition("\n")[0]
        if response["description"] in _FRAMEWORKS_DESCRIPTIONS:
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
        problem["errors"] = [_fault(operation, schemas)]


def _fault(operation: Document, schemas: Document) -> Document:
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
