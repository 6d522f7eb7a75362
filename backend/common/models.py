"""Models that every app may use: public files, pauses."""

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
