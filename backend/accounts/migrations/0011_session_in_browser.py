from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0010_reading_languages")]

    operations = [
        migrations.AddField(
            model_name="session",
            name="in_browser",
            field=models.BooleanField(
                default=False,
                help_text="the refresh token is in a cookie that no script can read",
            ),
        ),
    ]
