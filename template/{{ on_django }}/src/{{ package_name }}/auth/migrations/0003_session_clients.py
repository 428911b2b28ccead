"""Add the client and the User-Agent of the login to sessions."""

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
