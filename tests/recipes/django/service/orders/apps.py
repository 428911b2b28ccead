"""Orders, as Django knows them."""

from django.apps import AppConfig


class OrdersConfig(AppConfig):
    """The app."""

    name = __package__ or ""
    label = "orders"
    default_auto_field = "django.db.models.BigAutoField"
