"""Fill the names by language. In batches, and again without harm: what is right is left alone."""

from django.db import migrations

from catalog.names import names_by_language

TITLES_AT_ONCE = 500


def fill(apps, schema_editor):
    titles = apps.get_model("catalog", "Title").objects.order_by("pk")
    titles = titles.only("pk", "original_name", "original_language", "names")
    last = 0
    while batch := list(titles.filter(pk__gt=last)[:TITLES_AT_ONCE]):
        aliases = _aliases(apps, [title.pk for title in batch])
        renamed = []
        for title in batch:
            names = names_by_language(
                aliases.get(title.pk, ()),
                original_name=title.original_name,
                original_language=title.original_language,
            )
            if names != title.names:
                title.names = names
                renamed.append(title)
        titles.model.objects.bulk_update(renamed, ["names"])
        last = batch[-1].pk


def _aliases(apps, ids):
    found = apps.get_model("catalog", "Alias").objects.filter(
        content_type__app_label="catalog", content_type__model="title", object_id__in=ids
    )
    aliases = {}
    for title_id, name, language in found.order_by("pk").values_list(
        "object_id", "name", "language"
    ):
        aliases.setdefault(title_id, []).append((name, language))
    return aliases


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0006_names_and_languages"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        # Backwards the column goes, and what is in it with it.
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
    ]
