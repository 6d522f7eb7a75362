"""Many uploads are removed at once, of a user or of a series, and restored as they were.

The rows change in one transaction, which the caller opens with `acting`; their files follow in the
background, see `publishing`. `safety.mass_deletion` decides who may delete all uploads of a user
and keeps what undoing it needs.
"""

from datetime import datetime

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from accounts.audit import log_decisions
from accounts.models import User
from common.work.background import wake_queue
from common.work.events import emit_all
from reader.intake.banned_pictures import count_banned_pages, ids_with_banned_pictures
from reader.models import Chapter, Upload, UploadQuerySet
from reader.publication.moderation import columns_of_restored
from reader.publication.publishing import hide_upload
from reader.reading.chapters import refresh_counters_of
from reader.states import REMOVED, UNDER_WAY, UploadState, state_after_restore

_AT_ONCE = 500
# What may be under way only once: see the constraints of `Upload`.
_PLACE = ("chapter_id", "uploader_id", "archive_sha256", "source", "source_chapter")
_Zip = tuple[int, str, str]
_COLUMNS = ("pk", "filename", "state", "removed_from", *_PLACE)
# Of two uploads for the same place, the one whose state comes first here is restored.
_FIRST_BACK = (
    UploadState.PUBLISHING,
    UploadState.LIVE,
    UploadState.AWAITING_REVIEW,
    UploadState.EXTRACTING,
    UploadState.RECEIVED,
    UploadState.SUPERSEDED,
)


def removable_uploads_of(user: User) -> UploadQuerySet:
    """Return the uploads of `user` that are public or on their way."""
    return Upload.objects.filter(_in_media_or_under_way(), uploader=user)


def remove_uploads_of(
    user: User, *, moderator: User, reason: str, moment: datetime
) -> list[tuple[int, str]]:
    """Delete what `user` has public or on its way; return each upload's id and the state it had.

    `moment` becomes their `decided_at`: it tells what this removal took. A worker that holds one of
    them loses its lease.
    """
    there = removable_uploads_of(user)
    _lock_chapters(Chapter.objects.filter(pk__in=there.values("chapter")))
    return _remove(
        there, among=Upload.objects.filter(uploader=user), to_state=UploadState.DELETED,
        action="delete", moderator=moderator, reason=reason, moment=moment,
    )  # fmt: skip


def take_down_series(series_id: int, *, moderator: User, reason: str) -> None:
    """Take down all public uploads of a series; each can be restored while its files are kept.

    Uploads that are not public yet are left. Call it in the transaction that hides the title,
    before hiding it: publishing locks the chapter first, and the other order would be a deadlock.
    """
    chapters = Chapter.objects.filter(series=series_id)
    _lock_chapters(chapters)
    # No join in a conditional UPDATE: PostgreSQL would not look again at the row it waited for.
    uploads = Upload.objects.filter(chapter__in=chapters)
    removed = _remove(
        uploads.filter(_in_media()), among=uploads, to_state=UploadState.TAKEN_DOWN,
        action="take_down", moderator=moderator, reason=reason, moment=timezone.now(),
    )  # fmt: skip
    for pk, _from_state in removed:
        hide_upload.enqueue(pk)


def take_down_uploads(
    uploads: UploadQuerySet, *, moderator: User, reason: str, moment: datetime
) -> list[tuple[int, str]]:
    """Take down those of `uploads` that are public or on their way; see `remove_uploads_of`.

    `uploads` join no other table.
    """
    there = uploads.filter(_in_media_or_under_way())
    _lock_chapters(Chapter.objects.filter(pk__in=there.values("chapter")))
    removed = _remove(
        there, among=uploads, to_state=UploadState.TAKEN_DOWN,
        action="take_down", moderator=moderator, reason=reason, moment=moment,
    )  # fmt: skip
    wake_queue("publishing")  # their pages have to leave `media`
    return removed


def _in_media_or_under_way() -> Q:
    return _in_media() | Q(state__in=UNDER_WAY)


def _in_media() -> Q:
    # A superseded upload is kept for readers who had opened it when a newer one was published.
    return Q(state=UploadState.LIVE) | Q(state=UploadState.SUPERSEDED, purge_after__isnull=False)


def _remove(
    uploads: UploadQuerySet,
    *,
    among: UploadQuerySet,
    to_state: UploadState,
    action: str,
    moderator: User,
    reason: str,
    moment: datetime,
) -> list[tuple[int, str]]:
    """Remove `uploads`, whose chapters are locked; find them again `among` more by their moment."""
    uploads.update(
        state=to_state, removed_from=F("state"), reason=reason,
        decided_at=moment, decided_by=moderator, purge_after=moment + settings.TAKEN_DOWN_KEEP,
        hide_after=moment, lease_token=None, lease_until=None, attempts=0,
    )  # fmt: skip
    removed = among.filter(state=to_state, decided_at=moment)
    Chapter.objects.filter(live_upload__in=removed).update(live_upload=None)
    hidden = removed.filter(removed_from=UploadState.LIVE)
    series_ids = refresh_counters_of(Chapter.objects.filter(pk__in=hidden.values("chapter")))
    emit_all("chapter_hidden", ({"title_id": pk, "chapter_id": None} for pk in series_ids))
    found = list(removed.order_by("pk").only("pk", "filename", "removed_from"))
    log_decisions(
        ((upload, upload.removed_from, to_state) for upload in found),
        action=action,
        actor=moderator,
        reason=reason,
    )
    return [(upload.pk, upload.removed_from) for upload in found]


def restore_uploads(removed: UploadQuerySet, *, moderator: User) -> dict[int, UploadState]:
    """Restore removed uploads; return the new state of each that was restored, by its id.

    Not restored are uploads whose files are gone, whose chapter shows or gets another upload by
    now, whose zip is under way again, or that would show pictures that are banned by now.
    """
    now = timezone.now()
    _lock_chapters(Chapter.objects.filter(pk__in=removed.values("chapter")))
    kept = removed.filter(state__in=REMOVED, purge_after__gt=now).order_by("pk")
    found = list(kept.select_for_update(of=("self",)).only(*_COLUMNS))
    found.sort(key=lambda upload: (_FIRST_BACK.index(upload.removed_from), upload.pk))
    moves = _who_comes_back(_showable(found, kept), _others_at_places_of(removed))
    for to_state in set(moves.values()):
        ids = [pk for pk, state in moves.items() if state == to_state]
        for start in range(0, len(ids), _AT_ONCE):
            back = Upload.objects.filter(pk__in=ids[start : start + _AT_ONCE])
            back.update(**columns_of_restored(to_state, moderator=moderator))
            if to_state == UploadState.AWAITING_REVIEW:
                count_banned_pages(back)
    log_decisions(
        ((upload, upload.state, moves[upload.pk]) for upload in found if upload.pk in moves),
        action="restore",
        actor=moderator,
    )
    return moves


def _lock_chapters(chapters: QuerySet[Chapter]) -> None:
    # Before the uploads, as publishing locks them: the other order would be a deadlock. Asked for
    # by IN, for SQLite would look through all uploads of the user once more for each EXISTS.
    list(chapters.order_by("pk").select_for_update().values_list("pk", flat=True))


def _showable(found: list[Upload], kept: UploadQuerySet) -> list[Upload]:
    """Leave out uploads that would be published with pictures that are banned by now."""
    banned = ids_with_banned_pictures(kept)
    return [
        upload
        for upload in found
        if upload.pk not in banned
        or state_after_restore(upload.removed_from) != UploadState.PUBLISHING
    ]


def _others_at_places_of(removed: UploadQuerySet) -> tuple[set[int], set[_Zip]]:
    """Return the chapters that show or get another upload, and the zips under way there."""
    there = Upload.objects.filter(
        state__in=(*UNDER_WAY, UploadState.LIVE), chapter__in=removed.values("chapter")
    )
    shown, zips = set(), set()
    for upload in there.only("state", *_PLACE):
        if upload.state in (UploadState.PUBLISHING, UploadState.LIVE):
            shown.add(upload.chapter_id)
        if upload.state != UploadState.LIVE:
            zips.update(_once_under_way(upload))
    return shown, zips


def _once_under_way(upload: Upload) -> list[_Zip]:
    """Return what no other upload under way may have in common with this one, if anything."""
    if upload.source:
        return [(upload.chapter_id, upload.source, upload.source_chapter)]
    if upload.uploader_id is None:
        return []
    return [(upload.chapter_id, f"uploader {upload.uploader_id}", upload.archive_sha256)]


def _who_comes_back(
    found: list[Upload], others: tuple[set[int], set[_Zip]]
) -> dict[int, UploadState]:
    shown, zips = others
    moves = {}
    for upload in found:
        to_state = state_after_restore(upload.removed_from)
        once = _once_under_way(upload)
        is_public = to_state == UploadState.PUBLISHING
        if (is_public and upload.chapter_id in shown) or (
            to_state in UNDER_WAY and not zips.isdisjoint(once)
        ):
            continue
        moves[upload.pk] = to_state
        if is_public:
            shown.add(upload.chapter_id)
        if to_state in UNDER_WAY:
            zips.update(once)
    return moves
