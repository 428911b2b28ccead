"""The items table."""

from django.db import models


class Item(models.Model):
    """A thing that is kept in stock."""

    name = models.CharField(max_length=120, unique=True)
    description = models.TextField(blank=True)
    quantity = models.IntegerField()
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        """How the table is called."""

        db_table = "items"

    def __str__(self) -> str:
        return self.name
