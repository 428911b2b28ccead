"""What the process holds, for requests."""

from django.http import HttpRequest
from rest_framework.request import Request

from .process_state import State
from .routes import scope_of

__all__ = ["State", "state_of"]


def state_of(request: HttpRequest | Request) -> State:
    """Return what the process holds, for a request."""
    state: State = scope_of(request)["state"]
    return state
