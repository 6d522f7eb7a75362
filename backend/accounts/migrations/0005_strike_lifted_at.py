from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_letters_in_admin")]

    operations = [
        migrations.AddField(
            model_name="strike",
            name="lifted_at",
            field=models.DateTimeField(
                help_text="a ban was lifted after it: it leads to none any more",
                null=True,
                verbose_name="lifted",
            ),
        ),
    ]
