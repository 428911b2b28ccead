"""The admin site, as Django knows it."""

from django.contrib.admin import apps
from django.contrib.auth.signals import user_logged_in


class AdminSiteConfig(apps.AdminConfig):
    """Django's own app, with the service's site in place of its default."""

    default_site = f"{__package__}.site.ServiceAdminSite"

    def ready(self) -> None:
        """Give each login to the site a session like those of the API."""
        super().ready()
        from .login import begin  # noqa: PLC0415 -- models are not loaded before

        user_logged_in.connect(begin, dispatch_uid=__package__)
