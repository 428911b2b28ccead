"""Where the accounts serve."""

from django.urls import URLPattern, path

from . import views

urlpatterns: list[URLPattern] = [
    path("auth/register", views.RegisterView.as_view(), name="register"),
    path("auth/verify-email", views.VerifyEmailView.as_view(), name="verify-email"),
    path(
        "auth/verify-email/request",
        views.RequestVerificationView.as_view(),
        name="request-verification",
    ),
    path("auth/login", views.LoginView.as_view(), name="log-in"),
    path("auth/refresh", views.RefreshView.as_view(), name="refresh"),
    path("auth/verify", views.VerifyTokenView.as_view(), name="verify-token"),
    path("auth/me", views.MeView.as_view(), name="me"),
    path("auth/logout", views.LogoutView.as_view(), name="log-out"),
    path("auth/sessions", views.SessionListView.as_view(), name="session-list"),
    path("auth/sessions/<session_id>", views.SessionView.as_view(), name="session-detail"),
    path("auth/change-password", views.ChangePasswordView.as_view(), name="change-password"),
    path("auth/reset-password/request", views.RequestResetView.as_view(), name="request-reset"),
    path("auth/reset-password", views.ResetView.as_view(), name="reset-password"),
]
