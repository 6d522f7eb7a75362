"""The models of libraries: items and their history, tags, counters, lists and preferences."""

from datetime import UTC, datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.choices import Kind
from catalog.models import Title
from common.names import FoldedField
from common.work.leases import Leased
from reader.models import Chapter
from tracker.choices import ItemStatus, Origin, ScoreFormat

# The time of the newest unread chapter where there is none. Lists sort by the column, and the
# databases do not agree where nulls stand.
NOTHING_UNREAD = datetime(1970, 1, 1, tzinfo=UTC)


class LibraryTag(models.Model):
    """A word that somebody sorts their own library by."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="library_tags"
    )
    name = models.CharField(_("name"), max_length=60)
    name_folded = FoldedField("name")

    class Meta:
        verbose_name = _("library tag")
        verbose_name_plural = _("library tags")
        constraints = [
            models.UniqueConstraint(fields=["user", "name_folded"], name="library_tag_once")
        ]

    def __str__(self) -> str:
        return self.name


def _order(name: str, *columns: str) -> list[models.Index]:
    """Return the indexes of one order of a library: of all items, and of those of a status.

    Pages go on after (column, title) of the last row, see `KeysetPages`.
    """
    return [
        models.Index(fields=["user", *columns, "title"], name=f"library_{name}"),
        models.Index(fields=["user", "status", *columns, "title"], name=f"library_status_{name}"),
    ]


class LibraryItem(models.Model):
    """What a user keeps of a title. `tracker.library.items` alone writes the user's columns."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="library_items"
    )
    # Nobody loses what they keep because somebody tidies the catalogue.
    title = models.ForeignKey(Title, on_delete=models.PROTECT, related_name="library_items")
    # Copies of the title's columns, so that one index filters and sorts a library.
    kind = models.CharField(max_length=8, choices=Kind)
    name_order = models.BinaryField()

    status = models.CharField(
        _("status"), max_length=10, choices=ItemStatus, default=ItemStatus.PLANNING
    )
    progress = models.PositiveIntegerField(_("progress"), default=0)
    progress_volumes = models.PositiveIntegerField(default=0)
    max_progress = models.PositiveIntegerField(
        null=True, help_text="the user's own; null: what the title says"
    )
    score = models.PositiveSmallIntegerField(_("score"), null=True)
    score_order = models.GeneratedField(
        expression=Coalesce(F("score"), -1), output_field=models.SmallIntegerField(),
        db_persist=True,
    )  # fmt: skip
    is_favourite = models.BooleanField(default=False)
    notes = models.TextField(blank=True)
    is_private = models.BooleanField(default=False)
    started_on = models.DateField(null=True)
    finished_on = models.DateField(null=True)
    repeats = models.PositiveIntegerField(default=0)
    source = models.CharField(max_length=60, blank=True, help_text="as the user's program named it")
    cover_url = models.URLField(max_length=500, blank=True)
    tags = models.ManyToManyField(LibraryTag, related_name="items")

    # Counted by `tracker.library.unread`.
    unread_count = models.PositiveIntegerField(default=0)
    last_unread_at = models.DateTimeField(default=NOTHING_UNREAD)
    next_chapter = models.ForeignKey(
        Chapter, null=True, on_delete=models.SET_NULL, related_name="next_in_libraries"
    )

    synced_at = models.DateTimeField(null=True)
    # When each field was last changed, by the clock of the device that changed it.
    field_times = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("library item")
        verbose_name_plural = _("library items")
        constraints = [
            models.UniqueConstraint(fields=["user", "title"], name="library_item_once"),
            models.CheckConstraint(
                condition=Q(score__isnull=True) | Q(score__lte=100), name="library_score_of_100"
            ),
        ]
        indexes = [
            *_order("updated", "updated_at"),
            *_order("name", "name_order"),
            *_order("score", "score_order"),
            *_order("progress", "progress"),
            *_order("added", "created_at"),
            *_order("unread", "last_unread_at"),
            models.Index(fields=["title", "user"], name="library_holders"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.title_id}, {self.status}"


class LibraryCount(models.Model):
    """How many items of a kind and status a user has, and what they add up to.

    `tracker.library.counters` keeps it; the summary reads nothing else.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="library_counts"
    )
    kind = models.CharField(max_length=8, choices=Kind)
    status = models.CharField(max_length=10, choices=ItemStatus)
    items = models.IntegerField(default=0)
    favourites = models.IntegerField(default=0)
    unread = models.IntegerField(default=0, help_text="items with unread chapters")
    progress = models.BigIntegerField(default=0, help_text="of all of them, in the kind's unit")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "kind", "status"], name="library_count_once")
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.items} {self.kind}, {self.status}"


class LibraryChange(models.Model):
    """One change of an item. It belongs to user and title, and so outlives the item.

    `changes` is `{field: [from, to]}`, with the API's names of fields. Where the item was added
    or removed, `item` is one of them: its fields, or null where it did not exist.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="library_changes"
    )
    title = models.ForeignKey(Title, on_delete=models.CASCADE, related_name="library_changes")
    at = models.DateTimeField(default=timezone.now)
    origin = models.CharField(max_length=8, choices=Origin)
    changes = models.JSONField()
    undone_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["user", "at", "id"], name="library_change_newest"),
            models.Index(fields=["user", "title", "at", "id"], name="library_change_of_title"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.title_id}, {', '.join(self.changes)}"


class LibraryList(models.Model):
    """Titles that a user has put together, in their order."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="library_lists"
    )
    name = models.CharField(_("name"), max_length=100)
    description = models.TextField(_("description"), blank=True)
    slug = models.SlugField(_("slug"), max_length=120, unique=True)
    is_public = models.BooleanField(_("public"), default=False)
    entry_count = models.PositiveIntegerField(_("titles"), default=0)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(_("changed"), default=timezone.now)

    class Meta:
        verbose_name = _("list")
        verbose_name_plural = _("lists")
        indexes = [
            models.Index(fields=["user", "-updated_at", "-id"], name="library_list_of_user"),
            models.Index(fields=["is_public", "-updated_at", "-id"], name="library_list_public"),
        ]

    def __str__(self) -> str:
        return self.name


class LibraryListEntry(models.Model):
    """A title in a list; entries are sorted by position, then by id."""

    list = models.ForeignKey(LibraryList, on_delete=models.CASCADE, related_name="entries")
    title = models.ForeignKey(Title, on_delete=models.CASCADE, related_name="library_entries")
    position = models.PositiveIntegerField()
    added_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["list", "title"], name="library_list_entry_once")
        ]
        indexes = [
            models.Index(fields=["list", "position", "id"], name="library_list_order"),
        ]

    def __str__(self) -> str:
        return f"{self.list_id}: {self.title_id}"


class LibrarySettings(models.Model):
    """What a user wants of their library; without a row all is as the defaults say."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True,
        related_name="library_settings",
    )  # fmt: skip
    score_format = models.CharField(max_length=10, choices=ScoreFormat, default=ScoreFormat.STARS_5)
    start_on_progress = models.BooleanField(default=True)
    complete_on_last = models.BooleanField(default=True)
    follow_reading = models.BooleanField(default=True)
    add_when_read = models.BooleanField(default=True)
    count_repeats = models.BooleanField(default=True)

    def __str__(self) -> str:
        return f"{self.user_id}: {self.score_format}"


class TitleRecount(Leased):
    """A title whose holders' items have to be brought up to date, a chunk of them at a time.

    The row is the queue of `tracker.library.recounts`. `asked` grows with each request, so that
    one that comes meanwhile is not forgotten.
    """

    title = models.OneToOneField(
        Title, on_delete=models.CASCADE, primary_key=True, related_name="library_recount"
    )
    asked = models.PositiveIntegerField(default=1)
    # Holders up to this user are done.
    last_user = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.title_id} after {self.last_user}"
