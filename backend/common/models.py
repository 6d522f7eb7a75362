"""Models that every app may use: public files, pauses, events, jobs."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.work.leases import Leased


class MediaFile(models.Model):
    """One public file. Its name is an HMAC of its bytes, so equal bytes are stored once.

    Pages, covers and variants point at it with PROTECT. A row that nothing points at has
    `unreferenced_since`; the sweeper (`common.files.media`) removes it and its file later.
    """

    name = models.CharField(max_length=80, unique=True)
    content_type = models.CharField(max_length=20)
    bytes = models.PositiveBigIntegerField()
    created_at = models.DateTimeField(db_default=Now())
    unreferenced_since = models.DateTimeField(null=True, db_default=Now())

    class Meta:
        indexes = [
            models.Index(
                fields=["unreferenced_since"],
                name="mediafile_unreferenced",
                condition=models.Q(unreferenced_since__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return self.name


class Pause(models.Model):
    """Something that no process does again before a time; see `common.work.pauses`."""

    name = models.CharField(max_length=40, primary_key=True)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class OutboundBudget(models.Model):
    """How much other servers were called, and how they are doing; see `common.outbound.budgets`.

    `calls` are those of the last window, as [key, end, 1 while it runs]: the end is the latest
    possible one until the call has ended, in seconds since 1970.
    """

    name = models.CharField(max_length=60, primary_key=True)
    calls = models.JSONField(default=list)
    # Somebody looks on while a call waits: until then, background work does not call.
    people_until = models.DateTimeField(null=True)
    # The other server asks us to wait.
    limited_until = models.DateTimeField(null=True)
    # Failures in a row; after some of them nothing is called for a while.
    failures = models.PositiveSmallIntegerField(default=0)
    failing_since = models.DateTimeField(null=True)
    open_until = models.DateTimeField(null=True)
    error = models.CharField(max_length=20, blank=True)
    error_status = models.PositiveSmallIntegerField(null=True)
    error_at = models.DateTimeField(null=True)
    succeeded_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class Event(models.Model):
    """Something that happened in a lower app, for upper ones; see `common.work.events`.

    It is written in the transaction in which it happens. Ids are given before transactions commit,
    so consumers read in the order of `position`, which committed events get one after the other.
    """

    name = models.CharField(max_length=40)
    payload = models.JSONField()
    created_at = models.DateTimeField(db_default=Now())
    position = models.BigIntegerField(null=True, unique=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["id"], name="event_unnumbered", condition=models.Q(position__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.payload}"


class EventCursor(models.Model):
    """The position of the last event that a consumer has taken; see `common.work.events`."""

    consumer = models.CharField(max_length=80, primary_key=True)
    position = models.BigIntegerField(default=0)
    # While an event fails, its consumer tries it again after ever longer times.
    failures = models.PositiveSmallIntegerField(default=0)
    retry_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.consumer}: {self.position}"


class JobState(models.TextChoices):
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    STOPPED = "stopped", _("Stopped")


# A worker has something to do; also while a job is undone.
ACTIVE_JOBS = (JobState.QUEUED, JobState.RUNNING)


class Job(Leased):
    """One action on many rows, with what undoing it needs; see `common.work.jobs`.

    While it is undone it is running, and `undone_at` is set.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="jobs",
        verbose_name=_("by"),
    )  # fmt: skip
    # The user whose rows it changes, where they are not the owner.
    about = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="jobs_about",
        verbose_name=_("whose"),
    )  # fmt: skip
    kind = models.CharField(_("kind"), max_length=40)
    reason = models.TextField(_("reason"), blank=True)
    parameters = models.JSONField(default=dict)
    state = models.CharField(
        _("state"), max_length=7, choices=JobState, default=JobState.QUEUED, editable=False
    )
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    stop_asked = models.BooleanField(default=False)
    # How many items have which outcome; `undone` of them are undone.
    outcome = models.JSONField(default=dict)
    error_code = models.CharField(_("error"), max_length=40, blank=True)
    # Claims since a chunk was last finished.
    failures = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(_("when"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished"), null=True)
    undo_until = models.DateTimeField(_("can be undone until"), null=True)
    undone_at = models.DateTimeField(_("undone"), null=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    # Null once the items are deleted.
    items_until = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        permissions = [("stop_job", "Can stop and undo jobs of others")]
        indexes = [
            models.Index(fields=["owner", "-created_at", "-id"], name="job_of_owner"),
            models.Index(fields=["about", "-created_at"], name="job_about"),
            models.Index(fields=["kind", "-created_at", "-id"], name="job_of_kind"),
            # By column: SQLite takes no partial index for a state that is a parameter.
            models.Index(fields=["state", "created_at"], name="job_active"),
            models.Index(
                fields=["items_until"], name="job_with_items",
                condition=Q(items_until__isnull=False),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.kind} {self.done}/{self.total}"

    @property
    def can_stop(self) -> bool:
        """Return True while it runs and was not asked to stop."""
        return self.state in ACTIVE_JOBS and not self.stop_asked and self.undone_at is None

    @property
    def can_be_undone(self) -> bool:
        """Return True until it is undone or too late; see also `common.work.jobs.can_undo`."""
        is_in_time = self.undo_until is not None and self.undo_until > timezone.now()
        return self.undone_at is None and is_in_time


class JobItem(models.Model):
    """One row that a job changes: what came of it, and its value before, which undoing restores."""

    class Outcome(models.TextChoices):
        DONE = "done", _("Done")
        SKIPPED = "skipped", _("Skipped")
        FAILED = "failed", _("Failed")

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="items")
    position = models.PositiveIntegerField()
    subject_id = models.BigIntegerField(null=True)
    outcome = models.CharField(max_length=7, choices=Outcome, blank=True, help_text="empty: waits")
    # Why it was skipped or failed; of one that is done, why it cannot be undone.
    code = models.CharField(max_length=40, blank=True)
    before = models.JSONField(null=True)
    undone = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "position"], name="job_item_once")]

    def __str__(self) -> str:
        return f"{self.job_id}, {self.position}: {self.outcome}"
