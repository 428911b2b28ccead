"""Where the items serve."""

from django.urls import URLPattern, path

from .views import ItemListView, ItemView

urlpatterns: list[URLPattern] = [
    path("items", ItemListView.as_view(), name="item-list"),
    path("items/<item_id>", ItemView.as_view(), name="item-detail"),
]
