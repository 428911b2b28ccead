"""Where a session comes from."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_password_hash")]

    operations = [
        migrations.AddField(
            "session", "client", models.CharField(db_default="", default="", max_length=64)
        ),
        migrations.AddField(
            "session", "user_agent", models.CharField(db_default="", default="", max_length=255)
        ),
    ]
