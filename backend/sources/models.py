"""The models of sources: what an operator has switched, what was answered, what was taken."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.models import Title
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


class SourceTitle(models.Model):
    """A title of the catalogue as one source has it.

    `facts` are those of `catalog.facts` as they were when the source was last asked, so that what
    has been changed here since can be told from what the source has changed.
    """

    source = models.CharField(_("source"), max_length=30)
    external_id = models.CharField(_("its id there"), max_length=200)
    title = models.ForeignKey(Title, on_delete=models.CASCADE, related_name="source_titles")
    site_url = models.URLField(_("its page there"), max_length=500, blank=True)
    facts = models.JSONField(default=dict)
    refreshed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("title at a source")
        verbose_name_plural = _("titles at sources")
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id"], name="source_title_once")
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.external_id}"


class CoverFetch(Leased):
    """The address of a title's cover on another site. The row is the queue until it is done.

    `source` is empty where a user named the address. `file_name` is that of the public file which
    was fetched last: a title whose cover is another one by now has got it from somebody here.
    """

    title = models.OneToOneField(
        Title, on_delete=models.CASCADE, primary_key=True, related_name="cover_fetch"
    )
    source = models.CharField(max_length=30, blank=True)
    url = models.URLField(max_length=1000)
    is_done = models.BooleanField(default=False)
    error_code = models.CharField(max_length=40, blank=True)
    file_name = models.CharField(max_length=100, blank=True)
    asked_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [
            models.Index(fields=["asked_at"], name="cover_fetch_due", condition=Q(is_done=False))
        ]

    def __str__(self) -> str:
        return f"{self.title_id}: {self.url}"


# --- Chapters ------------------------------------------------------------------------------------
