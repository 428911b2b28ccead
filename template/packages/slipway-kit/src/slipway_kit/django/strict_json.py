"""JSON in and out, for Django REST framework: strict, and as quick as it can be had."""

from collections.abc import Iterable, Mapping
from typing import IO, Any

import orjson
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.utils.encoders import JSONEncoder

MEDIA_TYPE = "application/json"
# For what orjson does not know: sets, durations, querysets, lazy texts.
_ENCODER = JSONEncoder()


class UnreadableJSONError(ValidationError):
    """The body is no JSON (RFC 8259): broken, not in UTF-8, or with half a character in it."""

    def __init__(self, position: int) -> None:
        super().__init__([ErrorDetail("JSON decode error", "json_invalid")])
        self.position = position


class JSONParser(BaseParser):
    """Reads a body; NaN, infinities and halves of characters are no JSON."""

    media_type = MEDIA_TYPE

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the body's value.

        Raises:
            UnreadableJSONError: It has none.
        """
        del media_type, parser_context
        try:
            return orjson.loads(stream.read())
        except orjson.JSONDecodeError as error:
            raise UnreadableJSONError(error.pos) from None


class JSONRenderer(BaseRenderer):
    """Renders a response."""

    media_type = MEDIA_TYPE
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Return the response's body; empty for None."""
        del accepted_media_type, renderer_context
        return b"" if data is None else orjson.dumps(data, default=_ENCODER.default)


class OnlyJSON(BaseContentNegotiation):
    """Responds with JSON whatever the client accepts: there are no other formats."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        """Return the parser, if the body is of its media type."""
        given = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == given), None)

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        """Return the first renderer."""
        del request, format_suffix
        renderer = next(iter(renderers))
        return renderer, str(renderer.media_type)
