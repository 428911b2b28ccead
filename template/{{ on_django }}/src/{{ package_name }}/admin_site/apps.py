"""The admin site, as Django knows it."""

from django.contrib.admin import apps
from django.contrib.auth.signals import user_logged_in, user_logged_out


class AdminSiteConfig(apps.AdminConfig):
    """Django's own app, with the service's site in place of its default."""

    default_site = f"{__package__}.site.ServiceAdminSite"

    def ready(self) -> None:
        """Look for the apps' modules, and open a session while a login by a cookie lasts."""
        from slipway_kit.django.admin_site import limit_views  # noqa: PLC0415 -- models are loaded

        from .login import begin, end  # noqa: PLC0415 -- as above

        super().ready()
        user_logged_in.connect(begin)
        user_logged_out.connect(end)
        limit_views()
