import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def forget_old_permissions(apps, schema_editor):
    """Delete the permissions of the old names; those of the new ones are made after migrating."""
    permissions = apps.get_model("auth", "Permission").objects
    for name in ("guesscount", "letter"):
        permissions.filter(
            content_type__app_label="accounts", codename__endswith=f"_{name}"
        ).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("accounts", "0008_avatar_upload"),
    ]

    operations = [
        migrations.RenameModel("GuessCount", "AttemptCount"),
        migrations.RenameIndex(
            "attemptcount", old_name="guess_count_changed", new_name="attempt_count_changed"
        ),
        migrations.RenameModel("Letter", "OutgoingEmail"),
        migrations.AlterModelOptions(
            "outgoingemail", {"verbose_name": "e-mail", "verbose_name_plural": "e-mails"}
        ),
        migrations.AlterField(
            "outgoingemail",
            "user",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="emails",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.RenameIndex(
            "outgoingemail", old_name="letter_to_send", new_name="email_to_send"
        ),
        migrations.RenameIndex(
            "outgoingemail", old_name="letter_of_address", new_name="email_of_address"
        ),
        migrations.RunPython(forget_old_permissions, migrations.RunPython.noop),
    ]
