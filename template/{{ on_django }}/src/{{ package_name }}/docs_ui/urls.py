"""Where the documentation page serves."""

from django.urls import URLPattern, path

from .views import read_docs, read_docs_asset

urlpatterns: list[URLPattern] = [
    path("docs", read_docs, name="docs"),
    path("docs/assets/<release>/<name>", read_docs_asset, name="docs-asset"),
]
