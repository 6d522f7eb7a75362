"""Chapters by language from indexes, and how much titles are read."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0006_names_and_languages"),
        ("reader", "0013_handed_over_at"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="chapter",
            index=models.Index(
                fields=["series", "language", "place_volume", "number", "id"],
                name="chapter_live_of_language",
                condition=Q(live_upload__isnull=False),
            ),
        ),
        migrations.AddIndex(
            model_name="chapter",
            index=models.Index(
                fields=["language", "-published_at", "-id"],
                name="chapter_latest_of_language",
                condition=Q(live_upload__isnull=False),
            ),
        ),
        migrations.AddField(
            model_name="readingstate",
            name="opened_on",
            field=models.DateField(null=True),
        ),
        migrations.AddIndex(
            model_name="readingstate",
            index=models.Index(fields=["user", "opened_on"], name="reading_opened_on"),
        ),
        migrations.CreateModel(
            name="DailyReads",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField()),
                ("readers", models.PositiveIntegerField(default=0)),
                (
                    "title",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="daily_reads",
                        to="catalog.title",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("day", "title"), name="daily_reads_once")
                ],
            },
        ),
    ]
