"""Groups and permissions; administrators become superusers."""

from typing import Any

from django.db import migrations, models

from ..hashers import UNUSABLE, PasswordField


def promote_administrators(apps: Any, schema_editor: Any) -> None:
    users = apps.get_model("users", "User").objects.using(schema_editor.connection.alias)
    users.filter(role="admin").update(is_staff=True, is_superuser=True)


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("users", "0001_users"),
    ]

    operations = [
        migrations.AlterField(
            "user",
            "password",
            PasswordField(db_column="password_hash", default=UNUSABLE, max_length=255, null=True),
        ),
        migrations.AlterField(
            "user",
            "role",
            models.CharField(
                choices=[("user", "User"), ("admin", "Admin")], default="user", max_length=20
            ),
        ),
        migrations.AddField(
            "user", "is_staff", models.BooleanField(db_default=False, default=False)
        ),
        migrations.AddField(
            "user", "is_superuser", models.BooleanField(db_default=False, default=False)
        ),
        migrations.AddField(
            "user",
            "groups",
            models.ManyToManyField(
                blank=True,
                help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                related_name="user_set",
                related_query_name="user",
                to="auth.group",
                verbose_name="groups",
            ),
        ),
        migrations.AddField(
            "user",
            "user_permissions",
            models.ManyToManyField(
                blank=True,
                help_text="Specific permissions for this user.",
                related_name="user_set",
                related_query_name="user",
                to="auth.permission",
                verbose_name="user permissions",
            ),
        ),
        migrations.RunPython(promote_administrators, migrations.RunPython.noop),
    ]
