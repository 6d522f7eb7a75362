from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reader", "0003_banned_pictures")]

    operations = [
        migrations.AddField(
            model_name="upload",
            name="key_id",
            field=models.BigIntegerField(editable=False, null=True),
        ),
    ]
