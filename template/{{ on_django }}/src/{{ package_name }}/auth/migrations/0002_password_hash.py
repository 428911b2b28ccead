"""The hash of a registration, as Django's hashers have it; the table does not change."""

from django.db import migrations

from ...users.hashers import PasswordField


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_sessions")]

    operations = [
        migrations.AlterField(
            "mailedtoken", "password_hash", PasswordField(max_length=255, null=True)
        ),
    ]
