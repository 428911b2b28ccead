"""Where the audit trail serves."""

from django.urls import URLPattern, path

from .views import AuditView

urlpatterns: list[URLPattern] = [path("audit", AuditView.as_view(), name="audit")]
