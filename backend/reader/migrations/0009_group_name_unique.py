"""A group's name is one whatever its case, on every database alike."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reader", "0008_fill_places_and_group_names")]

    operations = [
        migrations.AddConstraint(
            model_name="group",
            constraint=models.UniqueConstraint(fields=("name_folded",), name="group_name_unique"),
        )
    ]
