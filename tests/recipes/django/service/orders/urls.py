"""Where the orders serve."""

from django.urls import include, path
from rest_framework.routers import DefaultRouter

from . import views

router = DefaultRouter()
router.register("orders", views.OrderViewSet)

urlpatterns = [
    path("orders/values", views.values, name="values"),
    path("orders/gone", views.gone, name="gone"),
    path("orders/fails", views.fails, name="fails"),
    path("orders/writes-then-fails", views.writes_then_fails, name="writes-then-fails"),
    path("orders/whoami", views.whoami, name="whoami"),
    path("orders/closed", views.closed, name="closed"),
    path("", include(router.urls)),
]
