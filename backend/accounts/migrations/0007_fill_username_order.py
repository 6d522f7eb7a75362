"""Fill what user names are ordered by."""

from django.db import migrations

from common.names import fill_derived_columns


def fill_username_order(apps, schema_editor):
    fill_derived_columns(apps.get_model("accounts", "User"), "username_order")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_username_order")]

    operations = [
        migrations.RunPython(fill_username_order, migrations.RunPython.noop, elidable=True)
    ]
