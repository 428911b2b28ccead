"""Where the admin site serves, if the settings want it to."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, path
from django.views.generic import RedirectView

from slipway_kit.django.public import public

urlpatterns: list[URLPattern | URLResolver] = []
if settings.ADMIN_ENABLED:
    urlpatterns += [
        public(path("admin", RedirectView.as_view(pattern_name="admin:index"))),
        path("admin/", admin.site.urls),
    ]
