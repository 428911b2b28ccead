"""Where the users serve."""

from django.urls import URLPattern, path

from .views import RestoreView, RoleView, UserListView, UserSessionsView, UserView

urlpatterns: list[URLPattern] = [
    path("users", UserListView.as_view(), name="user-list"),
    path("users/<user_id>", UserView.as_view(), name="user-detail"),
    path("users/<user_id>/role", RoleView.as_view(), name="user-role"),
    path("users/<user_id>/sessions", UserSessionsView.as_view(), name="user-sessions"),
    path("users/<user_id>/restore", RestoreView.as_view(), name="user-restore"),
]
