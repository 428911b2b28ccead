"""The OpenAPI schema: what drf-spectacular makes of the views, and what the service adds."""

from collections.abc import Callable
from typing import Any, Literal

from django.apps import apps
from drf_spectacular.contrib.pydantic import PydanticExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from pydantic import BaseModel

from ..deprecation import Deprecation
from ..openapi import LOCATED, Document, complete, documented, operations, servers
from ..problems import RateLimitedError, ServiceError
from ..settings import ServiceSettings
from .deprecation import deprecation_of
from .routes import API_ROOT, FIRST
from .strict_fields import ClosedSerializer

SYSTEM = {"system": "What runs here, and how it is."}
_component: Any = ResolvedComponent  # typed in part
_ERRORS = "documented_errors"
_ENDING = "x-ending"
_FUNCTION = "function"
_EMPTY = {"type": "string", "maxLength": 0}


def error_responses[View: Callable[..., Any]](
    *errors: type[ServiceError],
) -> Callable[[View], View]:
    """Document the errors of a view's method in the OpenAPI schema.

    What needs no naming is added when it is made: 422 where there is something to validate, what
    can be wrong with a body, 429 where there is a limit, and 500.
    """

    def decorate(method: View) -> View:
        setattr(method, _ERRORS, errors)
        return method

    return decorate


fails_with = error_responses  # its former name, until 2.0


class ModelExtension(PydanticExtension):  # type: ignore[no-untyped-call] # drf-spectacular is typed in part
    """Describes pydantic's models, those of bodies as the client sends them."""

    priority = 1

    def map_serializer(self, auto_schema: Any, direction: str) -> Document:
        """Return a model's schema, and register those that it refers to."""
        mode: Literal["validation", "serialization"] = "serialization"
        if direction == "request":
            mode = "validation"
        model: type[BaseModel] = self.target
        template = "#/components/schemas/{model}"
        schema = model.model_json_schema(ref_template=template, mode=mode)
        for name, inner in schema.pop("$defs", {}).items():
            component = _component(name, ResolvedComponent.SCHEMA, inner, name)
            auto_schema.registry.register_on_missing(component)
        return schema


class ServiceSchema(AutoSchema):
    """Describes a view as drf-spectacular does, with its errors and its serializers' rules."""

    def get_operation(self, *args: Any, **kwargs: Any) -> Document | None:
        """Return the description of one of the view's methods."""
        operation: Document | None = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        handler = getattr(self.view, "action", self.method.lower())  # of a view set, an action
        errors = [*getattr(getattr(self.view, handler), _ERRORS, ())]
        for permission in self.view.get_permissions():
            errors += getattr(permission, "errors", ())
        if self.path.startswith(f"{API_ROOT}/") or self.view.get_throttles():
            errors.append(RateLimitedError)
        for status, entry in documented(*errors).items():
            operation["responses"][str(status)] = entry
        if "201" in operation["responses"]:
            operation["responses"]["201"] |= LOCATED[201]
        version = _version(self.path)
        if version != FIRST:  # the same view may serve in several; the first one's names stay
            operation["operationId"] += f"_{version}"
        # A view that Django's own checks have made does not know by what function it stands there.
        function = getattr(self.view, _FUNCTION, None)
        if deprecated := deprecation_of(self.view, handler, function):
            operation[_ENDING] = deprecated
        return operation

    def get_auth(self) -> list[Document]:
        """Return the security requirements of a view: the schemes that its permissions name."""
        named = {getattr(each, "scheme", None) for each in self.view.get_permissions()}
        return [{scheme: []} for scheme in sorted(filter(None, named))]

    def _insert_field_validators(self, field: Any, schema: Document) -> None:
        super()._insert_field_validators(field, schema)  # type: ignore[no-untyped-call] # drf-spectacular is typed in part
        if _EMPTY in schema.get("oneOf", ()):
            # Of a text that may be empty it says that it is one of two; an empty one is often both.
            schema["anyOf"] = schema.pop("oneOf")

    def _map_serializer(self, serializer: Any, direction: str, *args: Any) -> Document:
        schema: Document = super()._map_serializer(serializer, direction, *args)  # type: ignore[no-untyped-call] # drf-spectacular is typed in part
        for field in schema.get("properties", {}).values():
            if {} in field.get("oneOf", ()):  # as it describes a JSONField that may be null
                field["anyOf"] = field.pop("oneOf")
        if direction == "request":
            if isinstance(serializer, ClosedSerializer):
                schema["additionalProperties"] = False
        elif "examples" not in schema and hasattr(serializer, "example"):
            schema["examples"] = [serializer.example]
        return schema


class _Generator(SchemaGenerator):
    def create_view(self, callback: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the view of an address, which knows by what function it stands there."""
        view: Any = super().create_view(callback, *args, **kwargs)  # type: ignore[no-untyped-call] # drf-spectacular is typed in part
        setattr(view, _FUNCTION, callback)
        return view


def _version(path: str) -> str:
    _, _, rest = path.partition(f"{API_ROOT}/")
    return rest.partition("/")[0] or FIRST


def document(
    settings: ServiceSettings,
    info: Document,
    security: Document | None,
    *,
    contact_name: str,
    contact_email: str,
) -> Document:
    """Return the OpenAPI schema.

    Args:
        settings: The service's.
        info: The schema's `info`, but for the version and the contact; what is None stays out.
        security: The security schemes that permissions name; None for none.
        contact_name: The name of the contact.
        contact_email: Its address.
    """
    generator: Any = _Generator  # typed in part
    made: Document = generator().get_schema(public=True)
    given = {name: value for name, value in info.items() if value is not None}
    made["info"] = {**given, "version": settings.version}
    if security is not None:
        made["components"]["securitySchemes"] = security
    made["servers"] = servers(settings.api_public_url)
    tags = SYSTEM.copy()
    for app in apps.get_app_configs():
        tags |= getattr(app, "tags", {})
    made["tags"] = [{"name": name, "description": text} for name, text in tags.items()]
    complete(made, contact_name=contact_name, contact_email=contact_email)
    for _, _, operation in operations(made):
        deprecated: Deprecation | None = operation.pop(_ENDING, None)
        if deprecated is not None:
            deprecated.document(operation)
    return made
