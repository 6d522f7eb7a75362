"""Places of chapters know their volume and title, groups the folded form and the order of a name."""

from decimal import Decimal

import django.db.models.functions.comparison
from django.db import migrations, models
from django.db.models import F, Value

import common.names


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0004_name_keys_and_spellings"),
        ("reader", "0006_hide_what_was_removed"),
    ]

    operations = [
        migrations.AddField(
            model_name="chapter",
            name="place_volume",
            field=models.PositiveIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name="chapter",
            name="place_title",
            field=models.TextField(default="", editable=False),
        ),
        migrations.AddField(
            model_name="chapter",
            name="is_title_given",
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.AddField(
            model_name="chapter",
            name="is_volume_given",
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.RemoveConstraint(model_name="chapter", name="chapter_place_unique"),
        migrations.AddConstraint(
            model_name="chapter",
            constraint=models.UniqueConstraint(
                F("series"),
                django.db.models.functions.comparison.Coalesce(
                    "number",
                    Value(Decimal("-1")),
                    output_field=models.DecimalField(decimal_places=3, max_digits=10),
                ),
                F("language"),
                django.db.models.functions.comparison.Coalesce(
                    "group", Value(0), output_field=models.BigIntegerField()
                ),
                F("place_volume"),
                F("place_title"),
                name="chapter_place_unique",
            ),
        ),
        migrations.RemoveIndex(model_name="chapter", name="chapter_live_of_series"),
        migrations.AddIndex(
            model_name="chapter",
            index=models.Index(
                condition=models.Q(("live_upload__isnull", False)),
                fields=["series", "place_volume", "number", "id"],
                name="chapter_live_of_series",
            ),
        ),
        migrations.RemoveConstraint(model_name="group", name="group_name_unique"),
        migrations.AddField(
            model_name="group",
            name="name_folded",
            field=common.names.FoldedField("name", default="", editable=False),
        ),
        migrations.AddField(
            model_name="group",
            name="name_order",
            field=common.names.OrderKeyField("name", default=b"\x00"),
        ),
    ]
