"""Models that every app may use: public files, pauses, events."""

from django.db import models
from django.db.models.functions import Now


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


class Event(models.Model):
    """Something that happened in a lower app and that upper apps react to; see `common.work.events`.

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
