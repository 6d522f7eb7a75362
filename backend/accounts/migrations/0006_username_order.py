"""What user names are ordered by."""

from django.db import migrations, models

import common.names


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_strike_lifted_at")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="username_order",
            field=common.names.OrderKeyField("username", default=b"\x00"),
        ),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(fields=["username_order", "id"], name="user_by_name"),
        ),
    ]
