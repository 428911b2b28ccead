"""A column by which Django and its packages ask for active users; the database computes it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("users", "0002_permissions")]

    operations = [
        migrations.AddField(
            "user",
            "is_active",
            models.GeneratedField(
                db_persist=True,
                expression=models.Q(deleted_at__isnull=True),  # type: ignore[arg-type] # stubs
                output_field=models.BooleanField(),
            ),
        )
    ]
