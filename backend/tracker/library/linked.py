"""Marks what changes of a library that is kept in step with a list at AniList: it is to be sent.

The mark is written in the transaction of the change, so none is forgotten. What came from there is
no change of ours.
"""

from collections.abc import Collection
from datetime import datetime

from django.conf import settings
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from catalog.models import Title
from common.work.background import wake_queue
from tracker.choices import Kept, Origin
from tracker.models import AniListAccount, AniListConflict, AniListEntry

QUEUE = "anilist"
_FROM_THERE = (Origin.IMPORT, Origin.SYNC)
_SEEN_AT_ONCE = (Origin.WEB, Origin.API, Origin.READING)


def mark_changed(
    user_id: int, title_ids: Collection[int], *, origin: str, is_removal: bool = False
) -> None:
    """Let the changes of these titles be sent, in the transaction that makes them."""
    if origin in _FROM_THERE or not title_ids:
        return
    now = timezone.now()
    # Nearly nobody has an account there: for them this is all.
    if not AniListAccount.objects.filter(pk=user_id).update(send_at=now):
        return
    entries = AniListEntry.objects.filter(account=user_id, title__in=title_ids)
    entries.update(
        waiting_since=Coalesce(F("waiting_since"), now), retry_at=None, refusal_code="",
        refusal="", is_deleted_here=is_removal, is_urgent=origin in _SEEN_AT_ONCE,
    )  # fmt: skip
    if not is_removal:
        _link(user_id, title_ids, now, is_urgent=origin in _SEEN_AT_ONCE)
    wake_queue(QUEUE)


def _link(user_id: int, title_ids: Collection[int], now: datetime, *, is_urgent: bool) -> None:
    """Begin with titles that AniList knows, and that were never compared."""
    own = AniListEntry.objects.filter(account=user_id)
    known = Title.objects.filter(pk__in=title_ids, anilist_id__isnull=False)
    new = known.exclude(Q(pk__in=own.values("title")) | Q(anilist_id__in=own.values("media_id")))
    AniListEntry.objects.bulk_create(
        (
            AniListEntry(
                account_id=user_id, title_id=pk, media_id=media_id, waiting_since=now,
                is_urgent=is_urgent,
            )
            for pk, media_id in new.values_list("pk", "anilist_id")
            if media_id is not None
        ),
        batch_size=500,
        ignore_conflicts=True,
    )  # fmt: skip


def sync_states(user_id: int, title_ids: Collection[int]) -> dict[tuple[int, int], str]:
    """Return how titles of one user's library stand with their list there, by user and title.

    It is "synced", "waiting", "refused" or "conflict"; what is in no list is left out.
    """
    if not settings.ANILIST_CLIENT_ID:
        return {}
    entries = AniListEntry.objects.filter(account=user_id, title__in=title_ids)
    found = {}
    for entry in entries.only("title_id", "entry_id", "waiting_since", "refusal_code"):
        state = "synced" if entry.entry_id is not None else ""
        if entry.waiting_since is not None:
            state = "waiting"
        found[user_id, entry.title_id] = "refused" if entry.refusal_code else state
    if found:
        open_ones = AniListConflict.objects.filter(
            account=user_id, title__in=title_ids, kept=Kept.WAITS
        )
        for title_id in open_ones.values_list("title_id", flat=True):
            found[user_id, title_id] = "conflict"
    return found
