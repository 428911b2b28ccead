"""The OpenAPI schema, with the schema of every error, and an example of each response."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.routing import RouteContext, iter_route_contexts
from starlette.routing import Mount

from ..openapi import Document, complete, operations
from .application import ServiceFastAPI
from .deprecation import deprecation_of
from .rate_limit import NO_LIMIT, limits_of, refuse_fastapi_limiter, unlimited
from .routes import starlette_routes

_FRAMEWORKS_SCHEMAS = ("HTTPValidationError", "ValidationError")


def is_of_framework(endpoint: object) -> bool:
    """Return whether FastAPI itself serves here: an OpenAPI schema, or a page of it."""
    return getattr(endpoint, "__module__", None) == FastAPI.__module__


def hide_docs_of_mounts(app: FastAPI) -> None:
    """Remove the OpenAPI schemas, and their pages, that mounted applications of FastAPI serve."""
    for mount in starlette_routes(app.routes):
        mounted = unlimited(mount.app)
        if isinstance(mount, Mount) and isinstance(mounted, FastAPI):
            for route in mounted.routes.copy():
                if is_of_framework(getattr(route, "endpoint", None)):
                    mounted.routes.remove(route)
            hide_docs_of_mounts(mounted)


class DocumentedFastAPI(ServiceFastAPI):
    """FastAPI with a complete OpenAPI schema of the service's responses.

    Args:
        contact_name: Who answers for the service.
        contact_email: Their address.
        options: FastAPI's own.
    """

    def __init__(self, *, contact_name: str, contact_email: str, **options: Any) -> None:
        super().__init__(**options)
        self._contact = {"contact_name": contact_name, "contact_email": contact_email}

    def complete(self) -> None:
        """End the composition of the application.

        Raises:
            RuntimeError: Something was added that would never be called.
            SettingsError: Something was added that may not be there.
        """
        refuse_fastapi_limiter()
        if self.openapi_url is None:
            hide_docs_of_mounts(self)
        super().complete()

    def openapi(self) -> Document:
        """Return the OpenAPI schema, made once."""
        fresh = self.openapi_schema is None
        document = super().openapi()
        if fresh:
            _forget_frameworks_errors(document)
            for route, operation in self._operations(document):
                if NO_LIMIT in limits_of(route.dependant):
                    del operation["responses"]["429"]
            complete(document, **self._contact)
            for route, operation in self._operations(document):
                if deprecated := deprecation_of(route):
                    deprecated.document(operation)
        return document

    def _operations(self, document: Document) -> Iterator[tuple[RouteContext, Document]]:
        for route in iter_route_contexts(self.routes):
            for method in route.methods or ():
                operation = document["paths"].get(route.path_format or "", {}).get(method.lower())
                if operation:
                    yield route, operation


def _forget_frameworks_errors(document: Document) -> None:
    for name in _FRAMEWORKS_SCHEMAS:
        document.get("components", {}).get("schemas", {}).pop(name, None)
    for _, _, operation in operations(document):
        unvalidated = operation["responses"].get("422", {})
        if _FRAMEWORKS_SCHEMAS[0] in str(unvalidated.get("content")):
            del operation["responses"]["422"]
