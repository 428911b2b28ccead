"""An endpoint that returns what schemas can be: nullable, an enum, nested and recursive.

The service's own endpoints have few of these, and a team's have all.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.edits import package_of, replace
from tests.support.project import Project

SHAPES = "/api/v1/shapes"
_FASTAPI = '''"""Shapes: a resource with every kind of schema."""

from enum import StrEnum

from fastapi import APIRouter
from pydantic import BaseModel, Field

from slipway_kit.accounts.errors import UnauthenticatedError
from slipway_kit.fastapi.errors import documented

from .auth.current import CurrentUser


class Colour(StrEnum):
    """A colour."""

    RED = "red"
    BLUE = "blue"


class Part(BaseModel):
    """A part, which may have parts."""

    name: str | None
    colour: Colour
    other_colour: Colour | None
    size: float | None = Field(ge=0)
    pair: tuple[int, str]
    whole: "Part | None"
    parts: list["Part"]


class Shape(BaseModel):
    """A shape, and what it consists of."""

    part: Part
    parts: list[Part] | None
    by_name: dict[str, Part]


router = APIRouter(prefix="/shapes", tags=["items"])


@router.get("", summary="Read a shape", responses=documented(UnauthenticatedError))
async def read_shape(_: CurrentUser) -> Shape:
    """Return a shape with two parts."""
    inner = Part.model_construct(
        name=None, colour=Colour.BLUE, other_colour=None, size=None, pair=(1, "a"), parts=[]
    )
    inner.whole = None
    outer = inner.model_copy(update={"name": "all", "whole": inner, "parts": [inner]})
    return Shape(part=outer, parts=None, by_name={"all": outer})
'''
_EXTEND = """    from .shapes import router

    app.include_router(router, prefix="/api/v1")
"""
_DJANGO = '''"""Shapes: a resource with every kind of schema."""

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from slipway_kit.django.service_views import ServiceView

COLOURS = ("red", "blue")


class PartSerializer(serializers.Serializer[Any]):
    """A part, which may have parts."""

    name = serializers.CharField(allow_null=True)
    colour = serializers.ChoiceField(COLOURS)
    other_colour = serializers.ChoiceField(COLOURS, allow_null=True)
    size = serializers.FloatField(allow_null=True, min_value=0)
    count = serializers.IntegerField(allow_null=True, min_value=1)
    made_at = serializers.DateTimeField(allow_null=True)
    tags = serializers.ListField(child=serializers.CharField(), allow_null=True)
    anything = serializers.JSONField(allow_null=True)

    def get_fields(self) -> dict[str, Any]:
        """Return the fields, and those that are parts themselves."""
        inner = {"whole": PartSerializer(allow_null=True), "parts": PartSerializer(many=True)}
        return {**super().get_fields(), **inner}


class ShapeSerializer(serializers.Serializer[Any]):
    """A shape, and what it consists of."""

    part = PartSerializer()
    parts = PartSerializer(many=True, allow_null=True)
    by_name = serializers.DictField(child=PartSerializer())


class ShapeView(ServiceView):
    """Shapes."""

    @extend_schema(
        operation_id="read_shape",
        summary="Read a shape",
        tags=["items"],
        responses=ShapeSerializer,
    )
    def get(self, request: Request) -> Response:
        """Return a shape with two parts."""
        del request
        names = ("name", "other_colour", "size", "count", "made_at", "tags", "anything", "whole")
        inner = {**dict.fromkeys(names), "colour": "blue", "parts": []}
        outer = {**inner, "name": "all", "whole": inner, "parts": [inner]}
        shape = {"part": outer, "parts": None, "by_name": {"all": outer}}
        return Response(ShapeSerializer(shape).data)


urlpatterns = [path("shapes", ShapeView.as_view(), name="shape")]
'''


@contextmanager
def with_shapes(project: Project) -> Iterator[None]:
    """Have a service with accounts and the example serve a shape meanwhile."""
    package = package_of(project)
    custom, module = package / "custom.py", package / "shapes.py"
    before = custom.read_text()
    if project.answers["framework"] == "django":
        module.write_text(_DJANGO)
        urls = f'URLS: dict[str, tuple[str, ...]] = {{"v1": ("{package.name}.shapes",)}}'
        replace(custom, "URLS: dict[str, tuple[str, ...]] = {}", urls)
    else:
        module.write_text(_FASTAPI)
        custom.write_text(f"{before}{_EXTEND}")
    try:
        yield
    finally:
        custom.write_text(before)
        module.unlink()
