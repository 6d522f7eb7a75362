import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0002_search_index"),
        ("reader", "0009_group_name_unique"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="readingstate",
            name="offset",
            field=models.FloatField(
                default=0.0, help_text="in strips, a fraction of the page's height"
            ),
        ),
        migrations.AddField(
            model_name="readingstate",
            name="last_finished_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="readingstate",
            name="forgotten_at",
            field=models.DateTimeField(
                help_text="marked unread: nothing that was read until then counts", null=True
            ),
        ),
        migrations.AddField(
            model_name="readingstate",
            name="series",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="reading_states",
                to="catalog.title",
            ),
        ),
        migrations.AddConstraint(
            model_name="readingstate",
            constraint=models.CheckConstraint(
                condition=models.Q(("offset__gte", 0), ("offset__lte", 1)),
                name="reading_offset_is_a_fraction",
            ),
        ),
    ]
