"""Series, volumes and chapters, the uploads behind them, and the reading state of users."""

import uuid
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar, Self

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.choices import READABLE_KINDS, Moderation
from catalog.models import Title, TitleQuerySet, now_or_past
from common.http.renderers import plain_number
from common.models import MediaFile
from common.names import FoldedField, OrderKeyField
from common.work.leases import Leased
from reader.states import UploadState

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User


class ReadableTitles(models.Manager[Title]):
    """Titles of the kinds that have chapters."""

    def get_queryset(self) -> TitleQuerySet:
        """Return only titles of these kinds."""
        return TitleQuerySet(self.model, using=self._db).filter(kind__in=READABLE_KINDS)


class Series(Title):
    """A title that has chapters."""

    objects: ClassVar[ReadableTitles] = ReadableTitles()  # type: ignore[assignment] # a proxy's own

    class Meta:
        proxy = True
        verbose_name = _("series")
        verbose_name_plural = _("series")


class Group(models.Model):
    """A group of translators."""

    name = models.CharField(_("name"), max_length=100)
    name_folded = FoldedField("name")
    name_order = OrderKeyField("name")
    slug = models.SlugField(_("slug"), max_length=120, unique=True)
    links = models.JSONField(_("links"), default=list, blank=True)
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        blank=True,
        related_name="translation_groups",
        verbose_name=_("members"),
    )

    class Meta:
        verbose_name = _("translation group")
        verbose_name_plural = _("translation groups")
        constraints = [models.UniqueConstraint(fields=["name_folded"], name="group_name_unique")]

    def __str__(self) -> str:
        return self.name


class Volume(models.Model):
    """A book of chapters; `create_volume` gives it the next number where none is given."""

    series = models.ForeignKey(Title, on_delete=models.CASCADE, related_name="volumes")
    number = models.PositiveIntegerField(_("number"), validators=[MinValueValidator(1)])
    title = models.CharField(_("title"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("volume")
        verbose_name_plural = _("volumes")
        constraints = [
            models.UniqueConstraint(fields=["series", "number"], name="volume_number_unique")
        ]

    def __str__(self) -> str:
        return f"{self.series} {self.number}"


class ChapterQuerySet(models.QuerySet["Chapter"]):
    """Reads of chapters; `public` and `visible_to` alone decide who sees what."""

    def public(self) -> Self:
        """Return what guests see: chapters with a live upload, published, of an approved title."""
        # No join: SQLite would begin a list of the newest with all approved titles.
        title = Title.objects.filter(pk=models.OuterRef("series"), moderation=Moderation.APPROVED)
        return self.filter(
            models.Exists(title), now_or_past("publish_at"), live_upload__isnull=False
        )

    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """Return public chapters, those that show the user's upload, and all for moderators.

        A chapter without a live upload is also seen by users who sent an upload for it: it shows
        nothing of others.
        """
        if user.has_perm("reader.moderate_upload"):
            return self
        public = self.public()
        if user.is_authenticated:
            sent = Upload.objects.filter(chapter=models.OuterRef("pk"), uploader=user.pk)
            shows_mine = Q(live_upload__uploader=user.pk)
            shows_nothing = Q(models.Exists(sent), live_upload__isnull=True)
            return public | self.filter(shows_mine | shows_nothing)
        return public


# Sorts after all volumes: chapters in no volume are, as a rule, the newest.
NO_VOLUME = 2**31 - 1


class Chapter(models.Model):
    """A place in a series that an upload can fill: number (null = one-shot), language, group.

    Where the series begins its numbers anew in each volume, the volume belongs to the place too,
    and so does the title of a one-shot: see `reader.reading.chapters`.
    """

    series = models.ForeignKey(Title, on_delete=models.PROTECT, related_name="chapters")
    volume = models.ForeignKey(
        Volume, null=True, blank=True, on_delete=models.SET_NULL, related_name="chapters"
    )
    number = models.DecimalField(
        _("number"), max_digits=10, decimal_places=3, null=True, blank=True,
        validators=[MinValueValidator(Decimal(0))],
    )  # fmt: skip
    title = models.CharField(_("title"), max_length=200, blank=True)
    language = models.CharField(_("language"), max_length=35, help_text="BCP 47, lower case")
    group = models.ForeignKey(
        Group, null=True, blank=True, on_delete=models.PROTECT, related_name="chapters"
    )
    place_volume = models.PositiveIntegerField(default=0, editable=False)
    place_title = models.TextField(default="", editable=False)
    # Set by a moderator: a version that is published later does not change it.
    is_title_given = models.BooleanField(default=False, editable=False)
    is_volume_given = models.BooleanField(default=False, editable=False)
    live_upload = models.OneToOneField(
        "Upload", null=True, blank=True, on_delete=models.RESTRICT, related_name="live_chapter",
        editable=False,
    )  # fmt: skip
    publish_at = models.DateTimeField(_("publish at"), null=True, blank=True)
    published_at = models.DateTimeField(null=True, editable=False)
    page_count = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ChapterQuerySet.as_manager()

    class Meta:
        verbose_name = _("chapter")
        verbose_name_plural = _("chapters")
        constraints = [
            models.UniqueConstraint(
                F("series"),
                Coalesce(
                    "number",
                    Value(Decimal(-1)),
                    output_field=models.DecimalField(max_digits=10, decimal_places=3),
                ),
                F("language"),
                Coalesce("group", Value(0), output_field=models.BigIntegerField()),
                F("place_volume"),
                F("place_title"),
                name="chapter_place_unique",
            ),
            models.CheckConstraint(
                condition=Q(number__isnull=True) | Q(number__gte=0),
                name="chapter_number_not_negative",
            ),
        ]
        indexes = [
            models.Index(
                fields=["series", "place_volume", "number", "id"], name="chapter_live_of_series",
                condition=Q(live_upload__isnull=False),
            ),
            models.Index(
                fields=["series", "language", "place_volume", "number", "id"],
                name="chapter_live_of_language", condition=Q(live_upload__isnull=False),
            ),
            models.Index(
                fields=["-published_at", "-id"], name="chapter_latest",
                condition=Q(live_upload__isnull=False),
            ),
            models.Index(
                fields=["language", "-published_at", "-id"], name="chapter_latest_of_language",
                condition=Q(live_upload__isnull=False),
            ),
            models.Index(
                fields=["publish_at"], name="chapter_scheduled",
                condition=Q(live_upload__isnull=False, published_at__isnull=True),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.words_after(self.series.name)

    def words_after(self, series: str) -> str:
        """Return what the chapter is called behind a name of its series."""
        words = [series]
        if 0 < self.place_volume < NO_VOLUME:
            words.append(f"{_('vol.')} {self.place_volume}")
        if self.number is not None:
            words.append(f"#{plain_number(self.number)}")
        else:
            words.append(str(_("one-shot")))
            if self.title:
                words.append(f"«{self.title}»")
        return f"{' '.join(words)} [{self.language}]"


class UploadQuerySet(models.QuerySet["Upload"]):
    """Reads of uploads; `visible_to` alone decides who sees what."""

    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """Return the user's own uploads, and all for moderators."""
        if user.has_perm("reader.moderate_upload"):
            return self
        if user.is_authenticated:
            return self.filter(uploader=user.pk)
        return self.none()

    def of_source(self, source: str) -> Self:
        """Return the uploads that come from an outside source."""
        # Named for the index: SQLite uses a condition on null, and none on a value.
        return self.filter(source=source, source_facts__isnull=False)

    def waiting(self) -> Self:
        """Return the moderators' queue, the oldest first."""
        return self.filter(state=UploadState.AWAITING_REVIEW).order_by("created_at", "pk")


class Upload(Leased):
    """One submitted zip and its data. Its state changes only by conditional UPDATEs."""

    chapter = models.ForeignKey(Chapter, on_delete=models.CASCADE, related_name="uploads")
    uploader = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="uploads"
    )
    # A chapter of an outside source has no uploader: whose wish it was counts for no quota and for
    # no right of theirs. `source_facts` are its label, site_url, groups and credits there.
    source = models.CharField(
        _("source"), max_length=30, blank=True, default="", db_default="", editable=False
    )
    source_chapter = models.CharField(
        max_length=200, blank=True, default="", db_default="", editable=False
    )
    source_facts = models.JSONField(null=True, editable=False)
    source_trusted = models.BooleanField(default=False, db_default=False, editable=False)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL,
        related_name="asked_uploads", editable=False, verbose_name=_("asked for by"),
    )  # fmt: skip
    # The id of the API key that it came with, which may be deleted: so it is no foreign key.
    key_id = models.BigIntegerField(null=True, editable=False)
    state = models.CharField(
        _("state"), max_length=16, choices=UploadState, default=UploadState.RECEIVED, editable=False
    )
    folder = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    filename = models.CharField(_("file name"), max_length=200)
    archive_bytes = models.PositiveBigIntegerField(_("size"))
    archive_sha256 = models.CharField(max_length=64)
    title = models.CharField(_("title"), max_length=200, blank=True)
    volume_number = models.PositiveIntegerField(_("volume"), null=True, blank=True)
    error_code = models.CharField(_("error"), max_length=40, blank=True, editable=False)
    error_params = models.JSONField(default=dict, editable=False)
    malicious = models.BooleanField(_("malicious"), default=False, editable=False)
    reason = models.TextField(_("reason"), blank=True, editable=False)
    removed_from = models.CharField(
        max_length=16, blank=True, editable=False, help_text="the state that a removal can undo to"
    )
    page_count = models.PositiveIntegerField(_("pages"), default=0, editable=False)
    banned_pages = models.PositiveIntegerField(
        default=0, editable=False, help_text="pages that are, or nearly are, banned pictures"
    )
    pages_done = models.PositiveIntegerField(default=0, editable=False)
    # The pages that extraction found before it gave way or was cut off; it goes on from there.
    pages_so_far = models.JSONField(null=True, editable=False)
    decoding_seconds = models.FloatField(
        default=0, db_default=0, editable=False,
        help_text="that checking it has taken; counts for the quota",
    )  # fmt: skip
    pages_planned = models.PositiveIntegerField(null=True, editable=False)
    variants_done = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(_("submitted"), default=timezone.now, editable=False)
    decided_at = models.DateTimeField(_("decided"), null=True, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL,
        related_name="decided_uploads", editable=False,
    )  # fmt: skip
    purge_after = models.DateTimeField(null=True, editable=False)
    # The time from which its pages have to leave `media`; null where they have left, or stay.
    hide_after = models.DateTimeField(null=True, editable=False)
    # The time at which its check ended; null once `reader.publication.trust` has assigned its
    # review.
    handed_over_at = models.DateTimeField(null=True, editable=False)

    objects = UploadQuerySet.as_manager()

    class Meta:
        verbose_name = _("upload")
        verbose_name_plural = _("uploads")
        permissions = [
            ("submit_upload", "Can submit chapters"),
            ("moderate_upload", "Can see and decide about every upload"),
            ("skip_review", "Uploads go live after the checks, but for a sample"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["uploader", "chapter", "archive_sha256"],
                condition=Q(state__in=["received", "extracting", "awaiting_review", "publishing"]),
                name="upload_once_under_way",
            ),
            models.UniqueConstraint(
                fields=["chapter", "source", "source_chapter"],
                condition=~Q(source="")
                & Q(state__in=["received", "extracting", "awaiting_review", "publishing"]),
                name="upload_of_source_once",
            ),
        ]
        # Indexes on a state have no condition: queries compare the state with a parameter, and then
        # SQLite uses no index whose condition names a value. One on null or a boolean it uses.
        indexes = [
            models.Index(fields=["state", "created_at"], name="upload_by_state"),
            models.Index(
                fields=["state", "decided_at"],
                name="upload_wants_variants",
                condition=Q(variants_done=False),
            ),
            models.Index(fields=["-created_at", "-id"], name="upload_newest"),
            models.Index(
                fields=["purge_after"],
                name="upload_to_purge",
                condition=Q(purge_after__isnull=False),
            ),
            models.Index(
                fields=["hide_after"],
                name="upload_to_hide",
                condition=Q(hide_after__isnull=False),
            ),
            models.Index(
                fields=["handed_over_at"],
                name="upload_to_assign",
                condition=Q(handed_over_at__isnull=False),
            ),
            models.Index(fields=["uploader", "-created_at"], name="upload_of_uploader"),
            models.Index(
                fields=["source", "source_chapter"],
                name="upload_of_source",
                condition=Q(source_facts__isnull=False),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.pk}: {self.filename}"

    @property
    def source_label(self) -> str:
        """Return what people call its source; empty for what a user has sent."""
        return str((self.source_facts or {}).get("label", self.source))


class ExtractionTurn(models.Model):
    """The time at which extraction last served an uploader; the one with the oldest comes next."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True,
        related_name="extraction_turn",
    )  # fmt: skip
    last_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.user_id}: {self.last_at}"


class PageQuerySet(models.QuerySet["Page"]):
    """Reads of pages."""

    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """Return pages of public chapters and of the user's uploads, and all for moderators."""
        if user.has_perm("reader.moderate_upload"):
            return self
        public = Q(upload__live_chapter__in=Chapter.objects.public())
        if user.is_authenticated:
            return self.filter(public | Q(upload__uploader=user.pk))
        return self.filter(public)


_HASH = models.F("perceptual_hash")


def _hash_band(shift: int, mask: int = 0xFFFF) -> models.GeneratedField:
    """Return a column of 16 of the 64 bits: hashes that differ in at most 3 bits share a band."""
    return models.GeneratedField(
        expression=_HASH.bitrightshift(shift).bitand(mask),
        output_field=models.IntegerField(),
        db_persist=True,
    )


class Page(models.Model):
    """One page of an upload; its picture is in quarantine until `file` points at a public one."""

    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="pages")
    number = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=500, help_text="in the zip; never a path of ours")
    content_type = models.CharField(max_length=20)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    bytes = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64, db_index=True)
    perceptual_hash = models.BigIntegerField(help_text="64 bits, as a signed number")
    hash_band_0 = _hash_band(0)
    hash_band_1 = _hash_band(16)
    hash_band_2 = _hash_band(32)
    hash_band_3 = _hash_band(48)
    color = models.CharField(max_length=7)
    file = models.ForeignKey(MediaFile, null=True, on_delete=models.PROTECT, related_name="pages")
    saver = models.ForeignKey(
        MediaFile, null=True, on_delete=models.PROTECT, related_name="saver_pages"
    )

    objects = PageQuerySet.as_manager()

    class Meta:
        verbose_name = _("page")
        verbose_name_plural = _("pages")
        constraints = [
            models.UniqueConstraint(fields=["upload", "number"], name="page_number_unique")
        ]
        indexes = [
            models.Index(fields=[f"hash_band_{band}"], name=f"page_band_{band}")
            for band in range(4)
        ]

    def __str__(self) -> str:
        return f"{self.upload_id}/{self.number}"


# The first bit of each band and its number of bits: hashes that differ in at most four bits are
# equal in one of the five bands.
BANNED_BANDS = ((0, 13), (13, 13), (26, 13), (39, 13), (52, 12))


class BannedPicture(models.Model):
    """A picture that must not be shown again: its hashes are kept, and not the picture itself."""

    sha256 = models.CharField("SHA-256", max_length=64, unique=True)
    perceptual_hash = models.BigIntegerField(help_text="64 bits, as a signed number")
    hash_band_0 = _hash_band(0, 0x1FFF)
    hash_band_1 = _hash_band(13, 0x1FFF)
    hash_band_2 = _hash_band(26, 0x1FFF)
    hash_band_3 = _hash_band(39, 0x1FFF)
    hash_band_4 = _hash_band(52, 0xFFF)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    color = models.CharField(max_length=7)
    reason = models.TextField(_("reason"))
    upload = models.ForeignKey(
        Upload, null=True, on_delete=models.SET_NULL, related_name="banned_pictures",
        verbose_name=_("upload"),
    )  # fmt: skip
    page_number = models.PositiveIntegerField(_("page"), null=True)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL,
        related_name="banned_pictures", verbose_name=_("banned by"),
    )  # fmt: skip
    created_at = models.DateTimeField(_("banned on"), default=timezone.now)

    class Meta:
        verbose_name = _("banned picture")
        verbose_name_plural = _("banned pictures")
        indexes = [
            models.Index(fields=[f"hash_band_{band}"], name=f"banned_band_{band}")
            for band in range(len(BANNED_BANDS))
        ]

    def __str__(self) -> str:
        return self.sha256[:12]


class ReadingState(models.Model):
    """Where a user is in a chapter, and when they finished it; `reader.reading.progress` writes it.

    The page may lie beyond those of today's version: `place_in` clamps it.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="reading_states"
    )
    # The series of the chapter, repeated so that one index answers "the newest of each series".
    series = models.ForeignKey(Title, on_delete=models.CASCADE, related_name="reading_states")
    chapter = models.ForeignKey(Chapter, on_delete=models.CASCADE, related_name="reading_states")
    page = models.PositiveSmallIntegerField()
    offset = models.FloatField(default=0.0, help_text="in strips, a fraction of the page's height")
    finished_at = models.DateTimeField(null=True)  # the earliest known
    last_finished_at = models.DateTimeField(null=True)
    forgotten_at = models.DateTimeField(
        null=True, help_text="marked unread: nothing that was read until then counts"
    )
    changed_at = models.DateTimeField()
    # By the server's clock, in UTC; null: before this was kept.
    opened_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "chapter"], name="reading_state_unique"),
            models.CheckConstraint(
                condition=Q(offset__gte=0, offset__lte=1), name="reading_offset_is_a_fraction"
            ),
        ]
        indexes = [
            models.Index(fields=["user", "series", "-changed_at"], name="reading_of_series"),
            models.Index(fields=["user", "opened_on"], name="reading_opened_on"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.chapter_id}, {self.page}"


class DailyReads(models.Model):
    """How many members opened a new chapter of a title on a day; who they were is kept nowhere."""

    title = models.ForeignKey(Title, on_delete=models.CASCADE, related_name="daily_reads")
    day = models.DateField()
    readers = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["day", "title"], name="daily_reads_once"),
        ]

    def __str__(self) -> str:
        return f"{self.title_id} on {self.day}: {self.readers}"
