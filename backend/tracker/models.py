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
from tracker.choices import (
    AniListState,
    ConflictPolicy,
    ItemStatus,
    Kept,
    KeptWhy,
    Origin,
    ScoreFormat,
    SyncDirection,
)

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


# --- AniList --------------------------------------------------------------------------------------


class AniListAccount(Leased):
    """Somebody's account at AniList, and what they want of it. `tracker.anilist` writes it.

    While `code_at` is set, `code` waits to be exchanged for a token; an older token stays good
    meanwhile. What waits to be sent waits in any state, and goes out when there is a token again.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True,
        related_name="anilist_account",
    )  # fmt: skip
    state = models.CharField(
        _("state"), max_length=10, choices=AniListState, default=AniListState.CONNECTING
    )
    # Who they are there; null and empty until the first connection.
    anilist_id = models.PositiveBigIntegerField(null=True, unique=True)
    anilist_name = models.CharField(max_length=100, blank=True)
    score_format = models.CharField(max_length=20, blank=True, help_text="as AniList names it")

    # Sealed, see `tracker.anilist.tokens`; empty: there is none.
    code = models.TextField(blank=True, editable=False)
    code_at = models.DateTimeField(null=True)
    token = models.TextField(blank=True, editable=False)
    refresh_token = models.TextField(blank=True, editable=False)
    token_expires_at = models.DateTimeField(_("permission ends"), null=True)
    # The last notice about its end: so many days before. Null: none yet.
    warned_days = models.PositiveSmallIntegerField(null=True)

    is_paused = models.BooleanField(_("paused"), default=False)
    direction = models.CharField(max_length=4, choices=SyncDirection, default=SyncDirection.BOTH)
    conflicts = models.CharField(
        max_length=6, choices=ConflictPolicy, default=ConflictPolicy.LATEST
    )
    send_scores = models.BooleanField(default=True)
    send_notes = models.BooleanField(default=False)
    send_dates = models.BooleanField(default=True)
    send_private = models.BooleanField(default=False)
    send_deletions = models.BooleanField(default=False)

    connected_at = models.DateTimeField(_("connected"), null=True)
    # When the list is to be read, and when the next row is to be sent; null: nothing to do.
    pull_at = models.DateTimeField(null=True)
    send_at = models.DateTimeField(null=True)
    # Where reading the list has got to, for a worker that goes on.
    pull_cursor = models.JSONField(default=dict)
    pulled_at = models.DateTimeField(_("last read"), null=True)
    failures = models.PositiveSmallIntegerField(_("failures in a row"), default=0)
    error_code = models.CharField(_("error"), max_length=40, blank=True)
    last_result = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("AniList account")
        verbose_name_plural = _("AniList accounts")
        indexes = [
            models.Index(fields=["code_at"], name="anilist_code"),
            models.Index(fields=["state", "is_paused", "pull_at"], name="anilist_pull"),
            models.Index(fields=["state", "is_paused", "send_at"], name="anilist_send"),
            models.Index(fields=["state", "token_expires_at"], name="anilist_expiry"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.state}"


class AniListEntry(Leased):
    """A title of somebody's list there, and what both sides had when they last were equal.

    `agreed` holds the fields as `tracker.anilist.values` writes them. Where the item here is gone,
    `is_deleted_here` says that they took it out; the row stays until AniList knows.
    """

    account = models.ForeignKey(AniListAccount, on_delete=models.CASCADE, related_name="entries")
    title = models.ForeignKey(Title, on_delete=models.CASCADE, related_name="anilist_entries")
    media_id = models.PositiveIntegerField()
    entry_id = models.PositiveBigIntegerField(null=True, help_text="null: it is not in their list")
    agreed = models.JSONField(default=dict)
    agreed_at = models.DateTimeField(null=True, help_text="when AniList says that it changed")

    waiting_since = models.DateTimeField(null=True, help_text="null: nothing is to be sent")
    # Not to be sent before; null: at once.
    retry_at = models.DateTimeField(null=True)
    # Somebody has just changed it, and looks on.
    is_urgent = models.BooleanField(default=False)
    is_deleted_here = models.BooleanField(default=False)
    # Why AniList does not take it: a code of ours and its words. It waits for another change.
    refusal_code = models.CharField(max_length=40, blank=True)
    refusal = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "title"], name="anilist_title_once"),
            models.UniqueConstraint(fields=["account", "media_id"], name="anilist_media_once"),
        ]
        indexes = [
            models.Index(fields=["account", "waiting_since", "id"], name="anilist_waiting"),
            models.Index(
                fields=["account", "id"], name="anilist_refused",
                condition=~Q(refusal_code=""),
            ),
            models.Index(fields=["title", "account"], name="anilist_of_title"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.account_id}: {self.title_id}"


class AniListConflict(models.Model):
    """A field that was changed on both sides: both values, and which of them counts."""

    account = models.ForeignKey(
        AniListAccount, on_delete=models.CASCADE, related_name="conflict_log"
    )
    title = models.ForeignKey(Title, on_delete=models.CASCADE, related_name="anilist_conflicts")
    field = models.CharField(max_length=20)
    mine = models.JSONField(null=True)
    theirs = models.JSONField(null=True)
    mine_at = models.DateTimeField(null=True)
    theirs_at = models.DateTimeField(null=True)
    kept = models.CharField(max_length=6, choices=Kept)
    why = models.CharField(max_length=10, choices=KeptWhy, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["account", "created_at", "id"], name="anilist_conflicts"),
            models.Index(fields=["account", "kept", "title"], name="anilist_open_conflicts"),
            models.Index(fields=["title", "account"], name="anilist_conflict_title"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id}: {self.title_id}, {self.field}"
