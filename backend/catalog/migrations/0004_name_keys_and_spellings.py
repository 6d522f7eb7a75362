"""What names are ordered by, how names that can be found are spelled, and what numbers begin with."""

from django.db import migrations, models

import common.names


CODE_POINT_ORDER = {"sqlite": "BINARY", "postgresql": '"C"'}


def make_index_of_names(apps, schema_editor):
    order = CODE_POINT_ORDER[schema_editor.connection.vendor]
    schema_editor.execute(
        "CREATE INDEX IF NOT EXISTS search_name_folded ON catalog_searchname"
        f" (folded COLLATE {order}, id)"
    )


class Migration(migrations.Migration):
    dependencies = [("catalog", "0003_lists_by_index")]

    operations = [
        migrations.AddField(
            model_name="title",
            name="numbers_restart_per_volume",
            field=models.BooleanField(
                default=False,
                help_text="Chapter 1 of volume 2 is then another one than chapter 1 of volume 1.",
                verbose_name="chapter numbers begin anew in each volume",
            ),
        ),
        migrations.AddField(
            model_name="title",
            name="name_order",
            field=common.names.OrderKeyField("name", default=b"\x00"),
        ),
        migrations.AddField(
            model_name="person",
            name="name_order",
            field=common.names.OrderKeyField("name", default=b"\x00"),
        ),
        # SQLite makes the table anew for a column, and leaves behind an index made by hand.
        migrations.RunPython(migrations.RunPython.noop, make_index_of_names),
        migrations.AddField(
            model_name="searchname",
            name="spellings",
            field=models.TextField(
                default="",
                help_text="as the names that fold to this are written, one a line, folded a little",
            ),
        ),
        migrations.RunPython(make_index_of_names, migrations.RunPython.noop),
        migrations.RemoveIndex(model_name="title", name="title_by_name"),
        migrations.AddIndex(
            model_name="title",
            index=models.Index(
                fields=["moderation", "name_order", "id"], name="title_by_name"
            ),
        ),
        migrations.RemoveIndex(model_name="person", name="person_name"),
        migrations.AddIndex(
            model_name="person",
            index=models.Index(fields=["name_order", "id"], name="person_name"),
        ),
    ]
