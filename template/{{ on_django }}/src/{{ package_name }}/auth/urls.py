"""Where the accounts serve."""

from django.urls import URLPattern, path

from . import views

urlpatterns: list[URLPattern] = [
    path("auth/register", views.RegisterView.as_view()),
    path("auth/verify-email", views.VerifyEmailView.as_view()),
    path("auth/verify-email/request", views.RequestVerificationView.as_view()),
    path("auth/login", views.LoginView.as_view()),
    path("auth/refresh", views.RefreshView.as_view()),
    path("auth/verify", views.VerifyTokenView.as_view()),
    path("auth/me", views.MeView.as_view()),
    path("auth/logout", views.LogoutView.as_view()),
    path("auth/change-password", views.ChangePasswordView.as_view()),
    path("auth/reset-password/request", views.RequestResetView.as_view()),
    path("auth/reset-password", views.ResetView.as_view()),
]
