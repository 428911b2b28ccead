"""Your own settings and middlewares: the template writes this file once, and no update touches it.

A setting is an environment variable like the others: read and checked at the start, an attribute of
Settings, and after `make env` a line of .env.example:

    class OwnSettings(SettingsGroup):
        most_orders: Annotated[int, Field(description="Orders a customer may have.", ge=1)] = 10

A middleware is pure ASGI, and stands inside of all others: the caller and the identifier of the
request are known, its body has a limit, and errors are answered outside.

    def middleware(settings: OwnSettings) -> list[Middleware]:
        return [Middleware(OrdersMiddleware, most=settings.most_orders)]
"""

from starlette.middleware import Middleware

from .core.settings_group import SettingsGroup


class OwnSettings(SettingsGroup):
    """Your own."""


def middleware(_: OwnSettings) -> list[Middleware]:
    """Return your own middlewares, the outermost first."""
    return []
