"""The table of the grams of indexed names: `search_index` fills it, `search` reads it."""

from django.db import models


class SearchGram(models.Model):
    """A gram (`folding.gram_code`) that a folded name has.

    Migration 0002 makes the table by hand: it is clustered by gram on SQLite, and the database
    deletes the rows of a deleted name.
    """

    pk = models.CompositePrimaryKey("gram", "name_id")
    gram = models.BigIntegerField()
    name = models.ForeignKey(
        "catalog.SearchName", on_delete=models.DO_NOTHING, related_name="grams"
    )

    class Meta:
        app_label = "catalog"

    def __str__(self) -> str:
        return f"{self.gram} in {self.name}"
