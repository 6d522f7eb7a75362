from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0009_attempt_counts_and_outgoing_emails")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="reading_languages",
            field=models.JSONField(blank=True, default=list),
        ),
    ]
