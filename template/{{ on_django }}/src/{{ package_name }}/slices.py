"""Your own slices: the template writes this file once, and no update touches it.

A slice is a Django app of its own, with urls, views, serializers, service and models. Name it here:

    APPS = ("my_service.orders",)
    URLS = {"v1": ("my_service.orders.urls",)}

They serve under /api/v1. Addresses of further versions stand beside them:

    URLS = {"v1": ("my_service.orders.urls",), "v2": ("my_service.orders.urls_v2",)}

MIDDLEWARE names Django's middlewares that they need, the outermost first. SETTINGS holds Django's
settings, as of packages that they use, and goes before what config/settings.py says. A dict is
merged with what is there, key by key; `make check` names what may not be changed:

    SETTINGS = {"REST_FRAMEWORK": {"DEFAULT_FILTER_BACKENDS": ["..."]}}

What differs between environments is a setting of additions.py.

Names, not modules: Django reads this file while it is set up, before it can load views and models.
"""

from typing import Any

APPS: tuple[str, ...] = ()
URLS: dict[str, tuple[str, ...]] = {}
MIDDLEWARE: tuple[str, ...] = ()
SETTINGS: dict[str, Any] = {}
