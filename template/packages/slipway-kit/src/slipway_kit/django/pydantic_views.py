"""Bodies, queries and responses with pydantic models: the rules of accounts."""

from collections.abc import Mapping
from typing import Any, Self
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiExample, OpenApiParameter
from pydantic import BaseModel, TypeAdapter
from pydantic import ValidationError as ModelError
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from .strict_json import MEDIA_TYPE

_UUID = TypeAdapter(UUID)


class InvalidDataError(ValidationError):
    """A request does not fit the model of its body, query or path.

    Attributes:
        errors: The errors as pydantic reports them, without the input.
    """

    def __init__(self, errors: list[Any]) -> None:
        super().__init__("It does not fit.")
        self.errors = [
            {"loc": list(detail["loc"]), "msg": detail["msg"], "type": detail["type"]}
            for detail in errors
        ]

    @classmethod
    def of(cls, error: ModelError, *place: str) -> Self:
        """Return what pydantic found at a place, like "body"."""
        errors = error.errors(include_url=False, include_input=False, include_context=False)
        return cls([{**detail, "loc": (*place, *detail["loc"])} for detail in errors])


def body_of[Model: BaseModel](model: type[Model], request: Request) -> Model:
    """Return a request's body.

    Raises:
        InvalidDataError: It does not fit the model.
    """
    try:
        return model.model_validate(request.data)
    except ModelError as error:
        raise InvalidDataError.of(error, "body") from None


def query_of[Model: BaseModel](model: type[Model], request: Request) -> Model:
    """Return a request's query.

    Raises:
        InvalidDataError: It does not fit the model.
    """
    try:
        return model.model_validate(request.query_params.dict())
    except ModelError as error:
        raise InvalidDataError.of(error, "query") from None


def identifier_of(name: str, text: str) -> UUID:
    """Return an identifier that stands in the path.

    Raises:
        InvalidDataError: It is none.
    """
    try:
        return _UUID.validate_strings(text)
    except ModelError as error:
        raise InvalidDataError.of(error, "path", name) from None


def json_response(
    model: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    """Return a response with a model as its body."""
    body = model.model_dump_json().encode()
    return HttpResponse(body, content_type=MEDIA_TYPE, status=status, headers=dict(headers or {}))


def examples(given: Mapping[str, Mapping[str, Any]]) -> list[OpenApiExample]:
    """Return the examples of a body for drf-spectacular."""
    return [
        OpenApiExample(name, summary=each["summary"], value=each["value"], request_only=True)
        for name, each in given.items()
    ]


def query_parameters(model: type[BaseModel]) -> list[OpenApiParameter]:
    """Return the fields of a query's model for drf-spectacular."""
    schema = model.model_json_schema()
    return [
        OpenApiParameter(
            name,
            _whole(field, schema.get("$defs", {})),
            OpenApiParameter.QUERY,
            description=field.get("description", ""),
        )
        for name, field in schema["properties"].items()
    ]


def identifier(name: str, description: str) -> OpenApiParameter:
    """Return a path's identifier for drf-spectacular."""
    schema = {"type": "string", "format": "uuid"}
    return OpenApiParameter(name, schema, OpenApiParameter.PATH, description=description)


def _whole(schema: Any, definitions: Mapping[str, Any]) -> Any:
    """Return a schema with what it refers to in its place, and without its description."""
    match schema:
        case {"$ref": str(name), **rest}:
            return _whole({**definitions[name.rpartition("/")[2]], **rest}, definitions)
        case Mapping():
            return {
                key: _whole(value, definitions)
                for key, value in schema.items()
                if key not in {"title", "description"}
            }
        case [*values]:
            return [_whole(value, definitions) for value in values]
        case _:
            return schema
