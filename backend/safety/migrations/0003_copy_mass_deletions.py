from django.conf import settings
from django.db import migrations

KIND = "mass_deletion"
AT_ONCE = 500


def copy_to_jobs(apps, schema_editor):
    """Make each mass deletion a job that can be undone as before."""
    Job, JobItem = apps.get_model("common", "Job"), apps.get_model("common", "JobItem")
    Item = apps.get_model("safety", "MassDeletionItem")
    for old in apps.get_model("safety", "MassDeletion").objects.order_by("pk").iterator():
        items = Item.objects.filter(deletion=old).order_by("upload_id")
        job = Job.objects.create(
            kind=KIND,
            owner_id=old.moderator_id,
            about_id=old.user_id,
            reason=old.reason,
            state="done" if old.settled_at else "running",
            done=old.upload_count,
            total=old.upload_count,
            outcome={"done": old.upload_count, "undone": old.restored_count},
            created_at=old.created_at,
            finished_at=old.settled_at,
            undo_until=old.undo_until,
            undone_at=old.undone_at,
            undone_by_id=old.undone_by_id,
            items_until=old.undo_until,
        )
        JobItem.objects.bulk_create(
            (
                JobItem(
                    job=job,
                    position=position,
                    subject_id=item.upload_id,
                    outcome="done",
                    before={"state": item.from_state},
                    undone=bool(item.is_restored),
                )
                for position, item in enumerate(items)
            ),
            batch_size=AT_ONCE,
        )


def copy_from_jobs(apps, schema_editor):
    """Bring the jobs back to tables of their own."""
    Job, JobItem = apps.get_model("common", "Job"), apps.get_model("common", "JobItem")
    Old, Item = (apps.get_model("safety", name) for name in ("MassDeletion", "MassDeletionItem"))
    uploads = apps.get_model("reader", "Upload").objects
    jobs = Job.objects.filter(kind=KIND)
    for job in jobs.order_by("pk").iterator():
        old = Old.objects.create(
            moderator_id=job.owner_id,
            user_id=job.about_id,
            reason=job.reason,
            upload_count=job.total,
            restored_count=job.outcome.get("undone", 0),
            created_at=job.created_at,
            settled_at=job.finished_at,
            undo_until=job.undo_until,
            undone_at=job.undone_at,
            undone_by_id=job.undone_by_id,
        )
        items = JobItem.objects.filter(job=job)
        there = uploads.filter(pk__in=items.values("subject_id")).values("pk")
        Item.objects.bulk_create(
            (
                Item(
                    deletion=old,
                    upload_id=item.subject_id,
                    from_state=item.before["state"],
                    is_restored=item.undone if job.undone_at else None,
                )
                for item in items.filter(subject_id__in=there).order_by("position")
            ),
            batch_size=AT_ONCE,
        )
    JobItem.objects.filter(job__kind=KIND).delete()
    jobs.delete()


class Migration(migrations.Migration):
    dependencies = [
        ("common", "0004_jobs"),
        ("reader", "0015_fill_title_languages"),
        ("safety", "0002_moderator_warnings"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [migrations.RunPython(copy_to_jobs, copy_from_jobs)]
