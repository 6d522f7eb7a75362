import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def forget_old_permissions(apps, schema_editor):
    """Delete the permissions of the old name; those of the new one are made after migrating."""
    apps.get_model("auth", "Permission").objects.filter(
        content_type__app_label="safety", codename__endswith="_caution"
    ).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("safety", "0001_initial"),
    ]

    operations = [
        migrations.RenameModel("Caution", "ModeratorWarning"),
        migrations.AlterField(
            "moderatorwarning",
            "user",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="warnings",
                to=settings.AUTH_USER_MODEL,
                verbose_name="user",
            ),
        ),
        migrations.RenameIndex(
            "moderatorwarning", old_name="caution_of_user", new_name="warning_of_user"
        ),
        migrations.RunPython(forget_old_permissions, migrations.RunPython.noop),
    ]
