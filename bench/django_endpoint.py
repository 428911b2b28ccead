"""The endpoint of bench/endpoint.py as a view of Django REST framework.

Read in the rendered service's environment, which has Django, and copied into its package.
"""

from typing import Any

from django.urls import path
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


class ReadingSerializer(serializers.Serializer[Any]):
    """A small answer."""

    sensor_id = serializers.IntegerField()
    name = serializers.CharField()
    value = serializers.FloatField()
    tags = serializers.ListField(child=serializers.CharField())


class ReadingView(APIView):
    """What a sensor measured."""

    permission_classes = (AllowAny,)

    def get(self, request: Request, sensor_id: int) -> Response:
        """Return it."""
        del request
        reading = {
            "sensor_id": sensor_id,
            "name": "outdoor",
            "value": 21.5,
            "tags": ["roof", "north"],
        }
        return Response(ReadingSerializer(reading).data)


urlpatterns = [path("readings/<int:sensor_id>", ReadingView.as_view())]
