"""Views that run on the event loop: for what must be quick, and asks the database for nothing."""

from collections.abc import Callable, Coroutine, Iterable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse

from ..problems import ServiceError
from .errors import handle_not_found, handle_service_error, problem
from .handler import ON_THE_LOOP
from .resources import on_their_loop
from .service_views import ServiceView

Handler = Callable[..., Coroutine[Any, Any, HttpResponse]]

_OF_THREADS = frozenset(
    {
        *("authentication_classes", "get_authenticators", "perform_authentication"),
        *("permission_classes", "get_permissions", "check_permissions"),
        *("throttle_classes", "get_throttles", "check_throttles"),
    }
)


def methods(*allowed: str) -> Callable[[Handler], Handler]:
    """Make a view of a coroutine: it runs on the event loop, takes these methods, raises problems.

    HEAD is taken where GET is (RFC 9110, 9.1); the server leaves the body out.

    Django's middlewares are not passed, for they may want a thread. It is open to everyone.
    """
    taken = [*allowed, *(["HEAD"] if "GET" in allowed else [])]

    def decorate(view: Handler) -> Handler:
        _require_open(view.__qualname__, vars(view))

        @wraps(view)
        async def handler(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method not in taken:
                headers = {"Allow": ", ".join(taken)}
                return problem(request, 405, "Method Not Allowed", headers=headers)
            try:
                return await on_their_loop(view(request, *args, **kwargs))
            except ServiceError as error:
                return handle_service_error(request, error)
            except Http404 as error:
                return handle_not_found(request, error)

        setattr(handler, ON_THE_LOOP, True)
        return handler

    return decorate


def _require_open(name: str, values: Iterable[str]) -> None:
    if asked := sorted(_OF_THREADS.intersection(values)):
        raise TypeError(
            f"{name}: {asked[0]} is for a ServiceView; on the event loop it has no effect"
        )


class AsyncView(ServiceView):
    """The same as a class, with an entry in the OpenAPI schema; public.

    Its limit counts below /api, and elsewhere where it has one of its own (throttle_limit).
    """

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """See at the start that nothing is asked for that would not be done."""
        super().__init_subclass__(**kwargs)
        of_its_own = cls.__mro__[: cls.__mro__.index(AsyncView)]
        _require_open(cls.__qualname__, (name for each in of_its_own for name in vars(each)))

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Handler:  # type: ignore[override]
        """Return the view's function."""
        _require_open(cls.__qualname__, initkwargs)
        documented = super().as_view(**initkwargs)

        @methods("GET")
        async def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            instance = cls(**initkwargs)
            instance.setup(request, *args, **kwargs)
            response: HttpResponse = await instance.get(request, *args, **kwargs)  # type: ignore[attr-defined]
            return response

        # Attributes that drf-spectacular reads.
        view.cls = cls  # type: ignore[attr-defined]
        view.initkwargs = documented.initkwargs  # type: ignore[attr-defined]
        return view
