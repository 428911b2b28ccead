"""Where the API serves."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter

from slipway_kit.routes import API_ROOT, FIRST

__all__ = ["API_ROOT", "FIRST", "PrefixRouter", "SliceRouter", "max_body_size", "starlette_routes"]


class SliceRouter(APIRouter):
    """The router of services made before 1.0: use APIRouter; this name goes with 2.0."""

    def __init__(self, *, tags: Sequence[str] | Mapping[str, str] = (), **options: Any) -> None:
        super().__init__(tags=list(tags), **options)


PrefixRouter = APIRouter
"""The router of services made with 1.0.0rc1: use APIRouter; this name goes with 2.0."""
