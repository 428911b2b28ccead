"""What the views of the API have in common."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.views import APIView

from ..deprecation import Deprecation
from ..limits import parse_limit
from .routes import scope_of


class ServiceView(APIView):
    """A view that takes the methods which it defines, and HEAD where it takes GET.

    Django would respond to OPTIONS by itself, without an entry in the OpenAPI schema.
    """

    http_method_names = ["get", "head", "post", "put", "patch", "delete"]  # noqa: RUF012 -- as Django has it

    hashing: ClassVar[frozenset[str] | Callable[[HttpRequest], bool]] = frozenset()
    """The methods that hash or compare a password, which takes long (handler.py).

    Or a function of the request that returns it; it runs on the event loop.
    """

    deprecated: ClassVar[Deprecation | None] = None
    """Since when it should not be used any more (deprecation.py); None for a view that stays."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """See at the start, not at the first request, that a limit of the view's own is none."""
        super().__init_subclass__(**kwargs)
        given = getattr(cls, "throttle_limit", None)
        for limit in given.values() if isinstance(given, Mapping) else [given]:
            if not isinstance(limit, str):
                continue
            try:
                parse_limit(limit)
            except ValueError as error:
                raise ValueError(f"{cls.__qualname__}.throttle_limit: {error}") from None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Prepare a request: count it before authentication, so that guesses are limited, too."""
        del args, kwargs
        self.format_kwarg = None
        negotiated = self.perform_content_negotiation(request)
        request.accepted_renderer, request.accepted_media_type = negotiated
        self.check_throttles(request)
        self.check_permissions(request)

    @property
    def state(self) -> Any:
        """The resources of the process, as the service's lifespan has opened them."""
        return scope_of(self.request)["state"]


ApiView = ServiceView  # its former name, until 2.0
