"""Fill what names are ordered by, and the index of names by today's rules.

In batches, and again without harm: what is right already is left alone.
"""

from django.db import migrations

from catalog.folding import gram_code, name_grams
from catalog.search_index import names_to_index
from common.names import fill_derived_columns

TITLES_AT_ONCE = 500
ADD_GRAM = """
INSERT INTO catalog_searchgram (gram, name_id) VALUES (%s, %s) ON CONFLICT DO NOTHING
"""


def fill_name_keys(apps, schema_editor):
    fill_derived_columns(apps.get_model("catalog", "Title"), "name_order")
    fill_derived_columns(apps.get_model("catalog", "Person"), "name_order")


def fill_spellings(apps, schema_editor):
    titles = apps.get_model("catalog", "Title").objects.order_by("pk")
    last = 0
    while batch := list(
        titles.filter(pk__gt=last).values_list("pk", "name", "original_name")[:TITLES_AT_ONCE]
    ):
        _index(apps, schema_editor, batch)
        last = batch[-1][0]


def _index(apps, schema_editor, titles):
    search_name = apps.get_model("catalog", "SearchName")
    wanted = {
        (title_id, folded, source): spellings
        for title_id, folded, source, spellings in names_to_index(_names(apps, titles))
    }
    held = {
        (name.title_id, name.folded, name.source): name
        for name in search_name.objects.filter(title__in=[pk for pk, *_names_of in titles])
    }
    stale = [(name.pk,) for key, name in held.items() if key not in wanted]
    respelled = [
        (wanted[key], name.pk)
        for key, name in held.items()
        if key in wanted and wanted[key] != name.spellings
    ]
    added = search_name.objects.bulk_create(
        search_name(title_id=key[0], folded=key[1], source=key[2], spellings=wanted[key])
        for key in sorted(wanted.keys() - held.keys())
    )
    grams = [(gram_code(gram), name.pk) for name in added for gram in name_grams(name.folded)]
    with schema_editor.connection.cursor() as cursor:
        # By hand: while SQLite migrates, nothing goes with what it points at.
        cursor.executemany("DELETE FROM catalog_searchgram WHERE name_id = %s", stale)
        cursor.executemany("DELETE FROM catalog_searchname WHERE id = %s", stale)
        cursor.executemany("UPDATE catalog_searchname SET spellings = %s WHERE id = %s", respelled)
        cursor.executemany(ADD_GRAM, grams)


def _names(apps, titles):
    ids = [pk for pk, *_names_of in titles]
    yield from ((pk, name, "name") for pk, name, _original in titles)
    yield from ((pk, original, "original") for pk, _name, original in titles)
    yield from ((pk, name, "alias") for pk, name in _aliases(apps, "title", ids))
    credits = apps.get_model("catalog", "Credit").objects.filter(title__in=ids)
    titles_of = {}
    for title_id, person_id, name in credits.values_list(
        "title_id", "person_id", "person__name"
    ).distinct():
        titles_of.setdefault(person_id, []).append(title_id)
        yield title_id, name, "person"
    for person_id, name in _aliases(apps, "person", list(titles_of)):
        yield from ((title_id, name, "person") for title_id in titles_of[person_id])


def _aliases(apps, model, ids):
    aliases = apps.get_model("catalog", "Alias").objects.filter(
        content_type__app_label="catalog", content_type__model=model, object_id__in=ids
    )
    return list(aliases.values_list("object_id", "name"))


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0004_name_keys_and_spellings"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.RunPython(fill_name_keys, migrations.RunPython.noop, elidable=True),
        migrations.RunPython(fill_spellings, migrations.RunPython.noop, elidable=True),
    ]
