"""The OpenAPI document, with every error in its true shape, and an example of each answer."""

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from .about import CONTACT_EMAIL, CONTACT_NAME
from .core.documents import LOCATED, Document, complete, operations, servers
from .deprecation import deprecation_of

__all__ = ["LOCATED", "DocumentedFastAPI", "servers"]

_FRAMEWORKS_SCHEMAS = ("HTTPValidationError", "ValidationError")


class DocumentedFastAPI(FastAPI):
    """FastAPI whose document shows what the service answers, where it would show less."""

    def openapi(self) -> Document:
        """Return the document, made once."""
        fresh = self.openapi_schema is None
        document = super().openapi()
        if fresh:
            _forget_frameworks_errors(document)
            complete(document, contact_name=CONTACT_NAME, contact_email=CONTACT_EMAIL)
            self._mark_deprecated(document)
        return document

    def _mark_deprecated(self, document: Document) -> None:
        for route in iter_route_contexts(self.routes):
            deprecated = deprecation_of(route)
            for method in route.methods or () if deprecated else ():
                operation = document["paths"].get(route.path_format, {}).get(method.lower())
                if deprecated and operation:
                    deprecated.document(operation)


def _forget_frameworks_errors(document: Document) -> None:
    for name in _FRAMEWORKS_SCHEMAS:
        document.get("components", {}).get("schemas", {}).pop(name, None)
    for _, _, operation in operations(document):
        unvalidated = operation["responses"].get("422", {})
        if _FRAMEWORKS_SCHEMAS[0] in str(unvalidated.get("content")):
            del operation["responses"]["422"]
