"""What titles are called by language, what languages they can be read in, and lists by year."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalog", "0005_fill_name_keys_and_spellings")]

    operations = [
        migrations.AddField(
            model_name="title",
            name="names",
            field=models.JSONField(default=dict, editable=False),
        ),
        migrations.AddIndex(
            model_name="title",
            index=models.Index(fields=["moderation", "year"], name="title_by_year"),
        ),
        migrations.CreateModel(
            name="TitleLanguage",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "language",
                    models.CharField(help_text="BCP 47, lower case", max_length=35),
                ),
                ("chapter_count", models.PositiveIntegerField()),
                (
                    "title",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="languages",
                        to="catalog.title",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("title", "language"), name="title_language_once"
                    )
                ],
            },
        ),
    ]
