from django.db import migrations
from django.db.models import F, OuterRef, Subquery


def fill(apps, schema_editor):
    """Take the series from the chapter; what is finished was finished last when it was first."""
    states = apps.get_model("reader", "ReadingState").objects
    chapters = apps.get_model("reader", "Chapter").objects.filter(pk=OuterRef("chapter"))
    states.update(series=Subquery(chapters.values("series")[:1]), last_finished_at=F("finished_at"))


class Migration(migrations.Migration):
    dependencies = [
        ("reader", "0010_reading_place"),
    ]

    operations = [
        # Backwards the columns go, and what is in them with them.
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
