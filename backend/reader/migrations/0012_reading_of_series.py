import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0002_search_index"),
        ("reader", "0011_fill_reading_series"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="readingstate",
            name="series",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="reading_states",
                to="catalog.title",
            ),
        ),
        migrations.AddIndex(
            model_name="readingstate",
            index=models.Index(fields=["user", "series", "-changed_at"], name="reading_of_series"),
        ),
        migrations.RemoveIndex(
            model_name="readingstate",
            name="reading_recent",
        ),
    ]
