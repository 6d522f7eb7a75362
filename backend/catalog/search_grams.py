"""The table of which indexed name holds which gram. Filled by `search_index`, read by `search`."""

from django.db import models


class SearchGram(models.Model):
    """A folded name holds this gram (`folding.gram_code`). Its table is made by hand in migration
    0002: clustered by gram on SQLite, and rows go with their name inside the database."""

    pk = models.CompositePrimaryKey("gram", "name_id")
    gram = models.BigIntegerField()
    name = models.ForeignKey(
        "catalog.SearchName", on_delete=models.DO_NOTHING, related_name="grams"
    )

    class Meta:
        app_label = "catalog"

    def __str__(self) -> str:
        return f"{self.gram} in {self.name}"
