"""The admin site, as Django knows it."""

from django.contrib.admin import apps


class AdminSiteConfig(apps.AdminConfig):
    """Django's own app, with the service's site in place of its default."""

    default_site = f"{__package__}.site.ServiceAdminSite"
