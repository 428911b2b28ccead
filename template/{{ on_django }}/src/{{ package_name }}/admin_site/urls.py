"""Where the admin site serves, if the settings want it to."""

from django.conf import settings
from django.contrib import admin
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, path
from django.views.generic import RedirectView
from django.views.static import serve

from .site import STATIC_FILES


def read_file(request: HttpRequest, path: str) -> HttpResponse | FileResponse:
    """Return a file of the site's pages."""
    try:
        return serve(request, path, str(STATIC_FILES))
    except OSError:  # a name that no file can have
        raise Http404 from None


read_file.throttle_limit = "1000/minute"  # type: ignore[attr-defined] # each page has many

urlpatterns: list[URLPattern | URLResolver] = []
if settings.ADMIN_ENABLED:
    urlpatterns += [
        path("admin", RedirectView.as_view(pattern_name="admin:index")),
        path("admin/static/<path:path>", read_file),
        path("admin/", admin.site.urls),
    ]
