"""The OpenAPI document, with every error in its true shape."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from .about import CONTACT_EMAIL, CONTACT_NAME
from .core.problems import MEDIA_TYPE, STATUSES, Problem

_REFERENCE = {"$ref": "#/components/schemas/Problem"}
_FRAMEWORK = "HTTPValidationError"


class DocumentedFastAPI(FastAPI):
    """FastAPI whose document shows problems where the framework would show its own errors."""

    def openapi(self) -> dict[str, Any]:
        """Return the document, made once."""
        fresh = self.openapi_schema is None
        document = super().openapi()
        if fresh:
            # Not through the framework's argument, which insists on a public mail domain.
            document["info"]["contact"] = {"name": CONTACT_NAME, "email": CONTACT_EMAIL}
            _show_problems(document)
        return document


def _show_problems(document: dict[str, Any]) -> None:
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for framework_schema in (_FRAMEWORK, "ValidationError"):
        schemas.pop(framework_schema, None)
    _, definitions = models_json_schema(
        [(Problem, "serialization")], ref_template="#/components/schemas/{model}"
    )
    schemas.update(definitions["$defs"])
    for path in document["paths"].values():
        for operation in path.values():
            if "requestBody" in operation:
                _add(operation, HTTPStatus.BAD_REQUEST, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
            _add(operation, HTTPStatus.INTERNAL_SERVER_ERROR)
            for status, response in operation["responses"].items():
                is_error = status.isdigit() and int(status) >= HTTPStatus.BAD_REQUEST
                # A body that the endpoint declared itself, like a health report, stays.
                if is_error and _FRAMEWORK in str(response.get("content", _FRAMEWORK)):
                    response["content"] = {MEDIA_TYPE: {"schema": _REFERENCE}}


def _add(operation: dict[str, Any], *statuses: int) -> None:
    for status in statuses:
        operation["responses"].setdefault(str(int(status)), {"description": STATUSES[status][1]})
