"""Where the users serve."""

from django.urls import URLPattern, path

from .views import RestoreView, RoleView, UserListView, UserView

urlpatterns: list[URLPattern] = [
    path("users", UserListView.as_view()),
    path("users/<user_id>", UserView.as_view()),
    path("users/<user_id>/role", RoleView.as_view()),
    path("users/<user_id>/restore", RestoreView.as_view()),
]
