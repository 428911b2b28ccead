"""Items have owners, and names that are one of their owner's."""

import django.db.models.deletion
from django.db import migrations, models

# Validators do not change the table, so the model's own are used.
from ..models import ONE_LINE


class Migration(migrations.Migration):
    dependencies = [
        ("items", "0001_items"),
        ("users", "0001_users"),
    ]

    operations = [
        migrations.AddField(
            model_name="item",
            name="owner",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="items",
                to="users.user",
            ),
        ),
        migrations.AlterField(
            model_name="item",
            name="name",
            field=models.CharField(
                help_text="What it is called; no two items of an owner share a name.",
                max_length=120,
                validators=[ONE_LINE],
            ),
        ),
        migrations.AddConstraint(
            model_name="item",
            constraint=models.UniqueConstraint(
                fields=("owner", "name"), name="uq_items_owner_id_name"
            ),
        ),
    ]
