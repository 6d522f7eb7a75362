from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("reader", "0012_reading_of_series")]

    operations = [
        migrations.AddField(
            model_name="upload",
            name="handed_over_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddIndex(
            model_name="upload",
            index=models.Index(
                fields=["handed_over_at"],
                name="upload_to_assign",
                condition=Q(handed_over_at__isnull=False),
            ),
        ),
    ]
