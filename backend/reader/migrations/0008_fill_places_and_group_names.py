"""Fill the titles of the places of one-shots, and the keys of groups' names.

Of groups whose names differ in case only (SQLite took them for two) the later ones get a number, so
that moderators see them and can give them one name.
"""

from django.db import migrations

from common.names import FoldedField, fill_derived_columns, fold_text

BATCH = 1000


def number_groups_of_one_name(apps, schema_editor):
    groups = apps.get_model("reader", "Group").objects
    seen = set()
    for pk, name in groups.order_by("pk").values_list("pk", "name"):
        free, number = name, 1
        while FoldedField.make(free) in seen:
            number += 1
            free = f"{name[:90]} ({number})"
        seen.add(FoldedField.make(free))
        if free != name:
            groups.filter(pk=pk).update(name=free)


def fill_group_names(apps, schema_editor):
    fill_derived_columns(apps.get_model("reader", "Group"), "name_folded", "name_order")


def fill_titles_of_places(apps, schema_editor):
    one_shots = apps.get_model("reader", "Chapter").objects.filter(number=None).order_by("pk")
    uploads = apps.get_model("reader", "Upload").objects.exclude(title="").order_by("pk")
    last = 0
    while batch := list(one_shots.filter(pk__gt=last)[:BATCH]):
        untitled = [chapter.pk for chapter in batch if not chapter.title]
        sent = dict(uploads.filter(chapter__in=untitled).values_list("chapter_id", "title"))
        for chapter in batch:
            title = chapter.title or sent.get(chapter.pk, "")
            chapter.place_title = fold_text(title)[:300]
        one_shots.model.objects.bulk_update(batch, ["place_title"], batch_size=200)
        last = batch[-1].pk


class Migration(migrations.Migration):
    dependencies = [("reader", "0007_places_and_group_names")]

    operations = [
        migrations.RunPython(number_groups_of_one_name, migrations.RunPython.noop, elidable=True),
        migrations.RunPython(fill_group_names, migrations.RunPython.noop, elidable=True),
        migrations.RunPython(fill_titles_of_places, migrations.RunPython.noop, elidable=True),
    ]
