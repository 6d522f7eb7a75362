from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tracker", "0001_initial")]

    operations = [
        migrations.AlterField(
            model_name="librarychange",
            name="origin",
            field=models.CharField(
                choices=[
                    ("web", "Web app"),
                    ("api", "API key"),
                    ("reading", "Reading here"),
                    ("import", "Import"),
                    ("sync", "Sync"),
                    ("bulk", "Bulk change"),
                    ("undo", "Undo"),
                    ("merge", "Merged titles"),
                ],
                max_length=8,
            ),
        ),
    ]
