from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_moderate_avatar")]

    operations = [
        migrations.AlterModelOptions(
            name="letter",
            options={"verbose_name": "letter", "verbose_name_plural": "letters"},
        ),
    ]
