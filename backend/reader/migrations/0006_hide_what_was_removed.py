"""Removed uploads whose pages are still public get the mark by which workers find them now."""

from django.db import migrations
from django.db.models import F


def mark(apps, schema_editor):
    Upload = apps.get_model("reader", "Upload")
    Page = apps.get_model("reader", "Page")
    removed = Upload.objects.filter(state__in=["taken_down", "deleted"], purge_after__isnull=False)
    public = Page.objects.filter(file__isnull=False, upload__in=removed).values("upload")
    removed.filter(pk__in=public).update(hide_after=F("decided_at"))


class Migration(migrations.Migration):
    dependencies = [("reader", "0005_queues_by_column")]

    operations = [migrations.RunPython(mark, migrations.RunPython.noop)]
