"""Your own slices: the template writes this file once, and no update touches it.

A slice is a Django app of its own, with urls, views, serializers, service and models. Name it here:

    APPS = ("my_service.orders",)
    URLS = {"v1": ("my_service.orders.urls",)}

They serve under /api/v1. Addresses of further versions stand beside them:

    URLS = {"v1": ("my_service.orders.urls",), "v2": ("my_service.orders.urls_v2",)}

MIDDLEWARE names Django's middlewares that they need, the outermost first.

Names, not modules: Django reads this file while it is set up, before it can load views and models.
"""

APPS: tuple[str, ...] = ()
URLS: dict[str, tuple[str, ...]] = {}
MIDDLEWARE: tuple[str, ...] = ()
