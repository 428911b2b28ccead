"""Orders."""

from django.conf import settings
from django.db import models


class Order(models.Model):
    """An order."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="orders")
    title = models.CharField(max_length=100)
    is_paid = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.title
