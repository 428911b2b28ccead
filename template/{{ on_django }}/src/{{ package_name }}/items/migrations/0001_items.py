"""The items table."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import migrations, models

# Validators do not change the table, so the model's own are used.
from ..models import LARGEST_QUANTITY, NO_NUL, ONE_LINE


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Item",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        help_text="What it is called; no two items share a name.",
                        max_length=120,
                        unique=True,
                        validators=[ONE_LINE],
                    ),
                ),
                (
                    "description",
                    models.TextField(
                        blank=True,
                        help_text="More about it.",
                        max_length=2000,
                        validators=[NO_NUL],
                    ),
                ),
                (
                    "quantity",
                    models.IntegerField(
                        default=0,
                        help_text="How many are in stock.",
                        validators=[MinValueValidator(0), MaxValueValidator(LARGEST_QUANTITY)],
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={"db_table": "items"},
        ),
    ]
