"""The models of sources: what an operator has switched, what was answered, what was taken."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.models import Title
from common.names import FoldedField
from common.work.leases import Leased
from reader.models import Upload

# --- What the operator decides ------------------------------------------------------------------


class SourceSettings(models.Model):
    """What an operator has decided about a source; without a row all is as its plug-in says."""

    source = models.CharField(_("source"), max_length=30, unique=True)
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
            models.Index(fields=["source", "answered_at"], name="answer_of_source"),
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


class SourceFollow(Leased):
    """Chapters of a series are taken from a title of a source: once, or as they appear there.

    `check_at` is when its list of chapters is asked for next; null: not any more.
    """

    series = models.ForeignKey(
        Title, on_delete=models.CASCADE, related_name="source_follows", verbose_name=_("series")
    )
    source = models.CharField(_("source"), max_length=30)
    external_id = models.CharField(_("id there"), max_length=100)
    title = models.CharField(_("title"), max_length=300, blank=True)
    languages = models.JSONField(_("languages"), default=list)
    from_number = models.DecimalField(
        _("from"), max_digits=10, decimal_places=3, null=True, blank=True
    )
    to_number = models.DecimalField(_("to"), max_digits=10, decimal_places=3, null=True, blank=True)
    is_following = models.BooleanField(_("goes on"), default=False)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+",
        verbose_name=_("asked for by"),
    )  # fmt: skip
    created_at = models.DateTimeField(_("since"), default=timezone.now)
    check_at = models.DateTimeField(null=True, default=timezone.now)
    checked_at = models.DateTimeField(_("checked"), null=True)
    failures = models.PositiveSmallIntegerField(default=0)
    error_code = models.CharField(_("error"), max_length=40, blank=True)

    class Meta:
        verbose_name = _("series from a source")
        verbose_name_plural = _("series from sources")
        constraints = [
            models.UniqueConstraint(
                fields=["series", "source", "external_id"], name="source_follow_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["source", "check_at"], name="source_follow_due",
                condition=models.Q(check_at__isnull=False),
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.series} ← {self.source}"


class SourceGroup(models.Model):
    """A group of translators as a source knows it; `key` is its id there, or else its name."""

    source = models.CharField(max_length=30)
    key = models.CharField(max_length=120)
    name = models.CharField(max_length=200)
    name_folded = FoldedField("name")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "key"], name="source_group_once")]
        indexes = [models.Index(fields=["source", "name_folded"], name="source_group_by_name")]

    def __str__(self) -> str:
        return self.name


class ChapterState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    FETCHING = "fetching", _("Being fetched")
    SUBMITTED = "submitted", _("Submitted")
    SKIPPED = "skipped", _("Left out")
    FAILED = "failed", _("Failed")


class SourceChapter(Leased):
    """A chapter that a source has; its pages are fetched until they are an upload.

    `reason` is why it was left out or has failed. It outlives its follow where an upload came of
    it, as a group may ask for its removal later.
    """

    follow = models.ForeignKey(
        SourceFollow, null=True, on_delete=models.SET_NULL, related_name="chapters"
    )
    source = models.CharField(max_length=30)
    external_id = models.CharField(max_length=200)
    number = models.DecimalField(max_digits=10, decimal_places=3, null=True)
    volume = models.PositiveIntegerField(null=True)
    language = models.CharField(max_length=35)
    title = models.CharField(max_length=200, blank=True)
    groups = models.ManyToManyField(SourceGroup, related_name="chapters")
    site_url = models.CharField(max_length=500, blank=True)
    state = models.CharField(max_length=9, choices=ChapterState, default=ChapterState.WAITING)
    reason = models.CharField(max_length=40, blank=True)
    upload = models.OneToOneField(
        Upload, null=True, on_delete=models.SET_NULL, related_name="source_row"
    )
    # The private folder of the pages that are fetched already, and the ids of all pages there.
    folder = models.UUIDField(default=uuid.uuid4, unique=True)
    pages = models.JSONField(null=True)
    pages_done = models.PositiveIntegerField(default=0)
    failures = models.PositiveSmallIntegerField(default=0)
    # When it is to be fetched; null: there is nothing to fetch.
    fetch_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["follow", "external_id"], name="source_chapter_once")
        ]
        indexes = [
            models.Index(
                fields=["source", "fetch_at"], name="source_chapter_due",
                condition=models.Q(fetch_at__isnull=False),
            ),
            models.Index(fields=["source", "external_id"], name="source_chapter_by_id"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.source} {self.external_id}"


class GroupBlock(models.Model):
    """A group of translators whose chapters are not taken from a source, as it has asked.

    `external_id` or `name` is what the source calls it. What was here was taken down at
    `created_at`, which undoing finds it by.
    """

    source = models.CharField(_("source"), max_length=30)
    external_id = models.CharField(_("id there"), max_length=100, blank=True)
    name = models.CharField(_("name"), max_length=200, blank=True)
    name_folded = FoldedField("name")
    reason = models.TextField(_("reason"))
    taken_down = models.PositiveIntegerField(_("taken down"), default=0)
    blocked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+",
        verbose_name=_("blocked by"),
    )  # fmt: skip
    created_at = models.DateTimeField(_("since"), default=timezone.now)

    class Meta:
        verbose_name = _("blocked group")
        verbose_name_plural = _("blocked groups")
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(external_id="", name=""), name="group_block_names_one"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name or self.external_id} ({self.source})"
