"""Count the public chapters of each title by language; again without harm."""

from django.db import migrations
from django.db.models import Count, Q
from django.db.models.functions import Now


def fill(apps, schema_editor):
    title_language = apps.get_model("catalog", "TitleLanguage")
    counted = (
        apps.get_model("reader", "Chapter")
        .objects.filter(
            Q(publish_at__isnull=True) | Q(publish_at__lte=Now()),
            live_upload__isnull=False,
            series__moderation="approved",
        )
        .order_by()
        .values_list("series_id", "language")
        .annotate(count=Count("pk"))
    )
    title_language.objects.all().delete()
    title_language.objects.bulk_create(
        (
            title_language(title_id=title_id, language=language, chapter_count=count)
            for title_id, language, count in counted.iterator()
        ),
        batch_size=1000,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0006_names_and_languages"),
        ("reader", "0014_languages_and_daily_reads"),
    ]

    operations = [
        # Backwards the table goes, and what is in it with it.
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
    ]
