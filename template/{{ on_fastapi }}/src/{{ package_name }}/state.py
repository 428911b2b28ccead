"""What the process holds, for requests."""

from starlette.requests import Request

from .process_state import State

__all__ = ["ServiceRequest", "State"]


class ServiceRequest(Request[State]):
    """A request whose state is typed; endpoints ask for it by this name."""
