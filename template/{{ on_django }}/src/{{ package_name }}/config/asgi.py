"""The service as an ASGI application, for servers that are started without `make serve`."""

from ..app import create_app

application = create_app()
