"""What this app knows about a user: their library, and their account at AniList."""

from collections.abc import Iterable, Mapping

from django.utils.translation import gettext_lazy as _

from common.personal_data import ExportedFile, Participant, stream_rows
from tracker import merged_sync
from tracker.merged_items import TITLE_COLUMNS, merge_items, unmerge_items, users_of_title
from tracker.models import (
    AniListAccount,
    AniListConflict,
    AniListEntry,
    LibraryChange,
    LibraryCount,
    LibraryItem,
    LibraryList,
    LibraryListEntry,
    LibrarySettings,
    LibraryTag,
)

Rows = Iterable[Mapping[str, object]]


def _items(user_id: int) -> Rows:
    return stream_rows(
        LibraryItem.objects.filter(user=user_id),
        "title", "title__name", "kind", "status", "progress", "progress_volumes", "max_progress",
        "score", "is_favourite", "notes", "is_private", "started_on", "finished_on", "repeats",
        "source", "cover_url", "created_at", "updated_at",
    )  # fmt: skip


def _tags(user_id: int) -> Rows:
    return stream_rows(
        LibraryItem.tags.through.objects.filter(libraryitem__user=user_id),
        "librarytag__name", "libraryitem__title",
    )  # fmt: skip


def _changes(user_id: int) -> Rows:
    return stream_rows(
        LibraryChange.objects.filter(user=user_id),
        "title", "title__name", "at", "origin", "changes", "undone_at",
    )  # fmt: skip


def _lists(user_id: int) -> Rows:
    return stream_rows(
        LibraryListEntry.objects.filter(list__user=user_id),
        "list__name", "list__description", "list__is_public", "title", "title__name", "position",
        "added_at",
    )  # fmt: skip


def _settings(user_id: int) -> Rows:
    return LibrarySettings.objects.filter(user=user_id).values(
        "score_format", "start_on_progress", "complete_on_last", "follow_reading", "add_when_read",
        "count_repeats",
    )  # fmt: skip


def _erase(user_id: int) -> None:
    for model in (
        LibraryItem, LibraryTag, LibraryCount, LibraryChange, LibraryList, LibrarySettings,
    ):  # fmt: skip
        model._default_manager.filter(user=user_id).delete()


def _account(user_id: int) -> Rows:
    """Return what is known of their account there; the token is a secret, also from them."""
    return AniListAccount.objects.filter(user=user_id).values(
        "anilist_id", "anilist_name", "state", "score_format", "token_expires_at", "is_paused",
        "direction", "conflicts", "send_scores", "send_notes", "send_dates", "send_private",
        "send_deletions", "connected_at", "pulled_at", "last_result",
    )  # fmt: skip


def _entries(user_id: int) -> Rows:
    return stream_rows(
        AniListEntry.objects.filter(account=user_id),
        "title", "title__name", "media_id", "entry_id", "agreed", "agreed_at", "waiting_since",
        "refusal_code", "refusal",
    )  # fmt: skip


def _conflicts(user_id: int) -> Rows:
    return stream_rows(
        AniListConflict.objects.filter(account=user_id),
        "title", "title__name", "field", "mine", "theirs", "mine_at", "theirs_at", "kept", "why",
        "created_at", "decided_at",
    )  # fmt: skip


def _erase_account(user_id: int) -> None:
    AniListAccount.objects.filter(user=user_id).delete()


PARTICIPANTS = (
    Participant(
        "library",
        covers=tuple(
            f"tracker.{model}.user"
            for model in (
                *("LibraryItem", "LibraryTag", "LibraryCount", "LibraryChange", "LibraryList"),
                "LibrarySettings",
            )
        ),
        files=(
            ExportedFile("library.json", _("The titles in your library."), _items),
            ExportedFile("library_tags.json", _("Your tags, and their titles."), _tags),
            ExportedFile("library_history.json", _("The changes of your library."), _changes),
            ExportedFile("library_lists.json", _("The titles of your lists."), _lists),
            ExportedFile("library_settings.json", _("What you want of your library."), _settings),
        ),
        erase=_erase,
        title_columns=TITLE_COLUMNS,
        merge_titles=merge_items,
        unmerge_titles=unmerge_items,
        users_of_title=users_of_title,
    ),
    Participant(
        "anilist",
        covers=("tracker.AniListAccount.user",),
        files=(
            ExportedFile("anilist.json", _("Your account at AniList."), _account),
            ExportedFile("anilist_titles.json", _("The titles of your list there."), _entries),
            ExportedFile(
                "anilist_conflicts.json", _("What was changed here and there."), _conflicts
            ),
        ),
        erase=_erase_account,
        title_columns=merged_sync.TITLE_COLUMNS,
        merge_titles=merged_sync.merge_entries,
        unmerge_titles=merged_sync.unmerge_entries,
        users_of_title=merged_sync.users_of_title,
    ),
)
