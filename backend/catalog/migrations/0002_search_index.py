"""The tables behind search by name: grams, and the names in order of their code points."""

import django.db.models.deletion
from django.db import migrations, models

# Rows of SQLite's table live in its primary key, which halves its size and its reads.
GRAMS = """
CREATE TABLE catalog_searchgram (
    gram bigint NOT NULL,
    name_id bigint NOT NULL REFERENCES catalog_searchname (id)
        ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (gram, name_id)
)
"""
TABLE_OPTIONS = {"sqlite": "WITHOUT ROWID", "postgresql": ""}
CODE_POINT_ORDER = {"sqlite": "BINARY", "postgresql": '"C"'}


def make_search_index(apps, schema_editor):
    vendor = schema_editor.connection.vendor
    schema_editor.execute(GRAMS + TABLE_OPTIONS[vendor])
    schema_editor.execute("CREATE INDEX search_gram_name ON catalog_searchgram (name_id)")
    schema_editor.execute(
        "CREATE INDEX search_name_folded ON catalog_searchname"
        f" (folded COLLATE {CODE_POINT_ORDER[vendor]}, id)"
    )


def drop_search_index(apps, schema_editor):
    schema_editor.execute("DROP INDEX search_name_folded")
    schema_editor.execute("DROP TABLE catalog_searchgram")


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_initial")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(make_search_index, drop_search_index)],
            state_operations=[
                migrations.CreateModel(
                    name="SearchGram",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "gram", "name_id", blank=True, editable=False,
                                primary_key=True, serialize=False,
                            ),
                        ),
                        ("gram", models.BigIntegerField()),
                        (
                            "name",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="grams",
                                to="catalog.searchname",
                            ),
                        ),
                    ],
                ),
            ],
        ),
    ]
