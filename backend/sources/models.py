"""The models of sources: what an operator has switched, what was answered, what was taken."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.work.leases import Leased

# --- What the operator decides ------------------------------------------------------------------


class SourceSettings(models.Model):
    """What an operator has decided about a source; without a row all is as its plug-in says."""

    source = models.CharField(_("source"), max_length=30, primary_key=True)
    is_enabled = models.BooleanField(_("enabled"), default=True)
    chapters_enabled = models.BooleanField(_("chapters may be taken"), default=False)
    is_trusted = models.BooleanField(
        _("trusted"), default=False,
        help_text=_("Its chapters go live without a review, but for a sample."),
    )  # fmt: skip
    # Who has read the terms and switched chapters on.
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL,
        related_name="+", editable=False,
    )  # fmt: skip
    changed_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("source")
        verbose_name_plural = _("sources")

    def __str__(self) -> str:
        return self.source


# --- What was asked and answered -----------------------------------------------------------------


class What(models.TextChoices):
    """What a source can be asked."""

    SEARCH = "search", _("Search")
    DETAILS = "details", _("Details")
    CHAPTERS = "chapters", _("Chapters")


class SourceAnswer(Leased):
    """A question to a source, and its last answer; see `sources.answers`.

    Whoever asks sets `wanted_at`; a worker takes the row, asks, and clears it. So many askers have
    one row, and one call.
    """

    key = models.CharField(max_length=64, unique=True)  # of the three below
    source = models.CharField(_("source"), max_length=30)
    what = models.CharField(_("what"), max_length=10, choices=What)
    params = models.JSONField()
    # As `sources.answers.values` packs it; null where there is none.
    value = models.BinaryField(null=True, editable=False)
    is_empty = models.BooleanField(default=False)
    answered_at = models.DateTimeField(null=True)
    fresh_until = models.DateTimeField(null=True)
    # The code of the last failure; until then it is not asked again.
    error = models.CharField(max_length=20, blank=True)
    error_until = models.DateTimeField(null=True)
    wanted_at = models.DateTimeField(null=True)
    is_urgent = models.BooleanField(default=False)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [
            models.Index(
                fields=["source", "is_urgent", "wanted_at"], name="answer_wanted",
                condition=models.Q(wanted_at__isnull=False),
            ),
            models.Index(fields=["changed_at"], name="answer_changed"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.source} {self.what} {self.params}"


class SourceHour(models.Model):
    """What was asked of a source within an hour, and what came of it.

    `calls` went to the source; the others are questions: answered by a row (`hits`, `stale`,
    `negative`), by a call that was under way already (`joined`), or by one of their own (`misses`).
    """

    source = models.CharField(max_length=30)
    hour = models.DateTimeField()
    hits = models.PositiveIntegerField(default=0)
    stale = models.PositiveIntegerField(default=0)
    negative = models.PositiveIntegerField(default=0)
    joined = models.PositiveIntegerField(default=0)
    misses = models.PositiveIntegerField(default=0)
    calls = models.PositiveIntegerField(default=0)
    errors = models.PositiveIntegerField(default=0)
    limited = models.PositiveIntegerField(default=0)
    milliseconds = models.PositiveBigIntegerField(default=0)  # of all calls

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "hour"], name="source_hour_once")]

    def __str__(self) -> str:
        return f"{self.source} {self.hour:%Y-%m-%d %H}"


# --- Titles --------------------------------------------------------------------------------------


# --- Chapters ------------------------------------------------------------------------------------
