"""Orders, as the documentation of Django REST framework and of django-filter writes them."""

import logging
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext_lazy
from rest_framework import permissions, serializers, status, viewsets
from rest_framework.decorators import action, api_view, permission_classes
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from slipway_kit.django.public import public

from ..items.service import ItemNameTakenError
from .models import Order

logger = logging.getLogger(__name__)


class OrderSerializer(serializers.ModelSerializer):
    class Meta:
        model = Order
        fields = ("id", "title", "is_paid")


class OrderViewSet(viewsets.ModelViewSet):
    serializer_class = OrderSerializer
    filterset_fields = ("is_paid",)
    queryset = Order.objects.none()

    def get_queryset(self) -> Any:
        return Order.objects.filter(owner=self.request.user).order_by("pk")

    def perform_create(self, serializer: Any) -> None:
        serializer.save(owner=self.request.user)

    @action(detail=True, methods=["post"])
    def pay(self, request: Request, pk: str | None = None) -> Response:
        order = self.get_object()
        order.is_paid = True
        order.save()
        return Response(self.get_serializer(order).data)


class Gone(APIException):
    status_code = status.HTTP_410_GONE
    default_detail = {"order": "It was cancelled."}


@api_view(["GET"])
def values(request: Request) -> Response:
    return Response(
        {
            "duration": timedelta(minutes=1),
            "price": Decimal("1.50"),
            "set": {1},
            "text": gettext_lazy("Hello"),
            "orders": Order.objects.values_list("title", flat=True),
            "id": UUID(int=7),
        }
    )


@api_view(["GET"])
@permission_classes([permissions.AllowAny])
def gone(request: Request) -> Response:
    raise Gone


@api_view(["GET"])
@permission_classes([permissions.AllowAny])
def fails(request: Request) -> Response:
    logger.warning("pays with token=%s", "hunter2-planted", extra={"api_key": "hunter2-planted"})
    raise RuntimeError("password=hunter2-planted")


@api_view(["POST"])
@transaction.atomic
def writes_then_fails(request: Request) -> Response:
    Order.objects.create(owner=request.user, title="lost")
    raise ItemNameTakenError


@public
def whoami(request: HttpRequest) -> HttpResponse:
    user = request.user
    return JsonResponse({"email": user.email if user.is_authenticated else None})


@login_required
def closed(request: HttpRequest) -> HttpResponse:
    return HttpResponse("in")
