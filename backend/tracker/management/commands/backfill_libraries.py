"""`manage.py backfill_libraries`: fill titles of libraries from a source."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from common.http.errors import AppError
from common.models import Job, JobItem
from tracker.backfill import BACKFILL, MAX_TITLES, start_backfill


class Command(BaseCommand):
    help = (
        "Starts a job that gives titles of libraries their length and ids from a source. "
        "With --show it lists what came of one, and which titles a human has to match."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """See Django."""
        parser.add_argument("--as", dest="moderator", help="who starts it: a moderator")
        parser.add_argument("--source", default="anilist")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
        parser.add_argument("--after", type=int, default=0, help="only titles with a higher id")
        parser.add_argument("--limit", type=int, default=MAX_TITLES)
        parser.add_argument("--show", type=int, metavar="JOB", help="list what came of a job")

    def handle(self, *args: Any, **options: Any) -> None:
        """Start a job or show one."""
        if options["show"] is not None:
            self._show(options["show"])
            return
        moderator = User.objects.filter(username=options["moderator"] or "").first()
        if moderator is None:
            raise CommandError("Say with --as who starts it.")
        try:
            job = start_backfill(
                moderator, source=options["source"], is_dry_run=options["dry_run"],
                after=options["after"], limit=min(options["limit"], MAX_TITLES),
            )  # fmt: skip
        except AppError as error:
            raise CommandError(str(error)) from error
        last = job.items.order_by("-position").values_list("subject_id", flat=True).first()
        self.stdout.write(f"job {job.pk}: {job.total} titles, the last one is {last}")

    def _show(self, job_id: int) -> None:
        job = Job.objects.filter(pk=job_id, kind=BACKFILL.name).first()
        if job is None:
            raise CommandError("There is no such job.")
        self.stdout.write(f"{job.state}: {job.done} of {job.total}, {job.outcome}")
        left = job.items.exclude(outcome=JobItem.Outcome.DONE).exclude(outcome="")
        for item in left.order_by("position").iterator(chunk_size=500):
            candidates = ((item.before or {}).get("fields") or {}).get("candidates", [])
            self.stdout.write("\n  ".join([f"{item.subject_id}: {item.code}", *candidates]))
