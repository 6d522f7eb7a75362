"""A moderator's decisions: approve, reject, take down, restore, delete pages. Each is logged.

A decision is a conditional UPDATE on the state it was made for: of two who decide at the same
moment one wins, and the other is told.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import log_decision, require_reason
from accounts.auth.authority import acting
from accounts.models import User
from common.files.media import release_media
from common.http.errors import AlreadyDecided, AppError, Invalid
from common.work.events import emit
from reader.intake.banned_pictures import (
    HasBannedPictures,
    count_banned_pages,
    find_banned_pictures,
    put_on_list,
)
from reader.intake.extraction import extract_upload
from reader.intake.purging import purge_upload
from reader.intake.uploads import AlreadySubmitted
from reader.models import Chapter, Page, Upload
from reader.permissions import MODERATE
from reader.publication.publishing import hide_upload, publish_upload
from reader.reading.chapters import held_back, refresh_counters, replaced_work
from reader.states import REMOVED, UNDECIDED, UploadState, state_after_restore

# The numbers of the pages to ban, or None for all pages.
BannedNumbers = Collection[int] | None
# Larger than every page number, and small enough for the column.
_ASIDE = 20_000


class ReplacesAnother(AppError):
    """An upload is to be approved that replaces another work, and nobody said "nevertheless"."""

    code = "replaces_another"
    status = 409


def approve_upload(
    upload: Upload,
    *,
    moderator: User,
    despite_banned_pictures: bool = False,
    despite_replacing: bool = False,
) -> None:
    """Let the upload be published; it replaces what the chapter shows now.

    `undo_decision` takes it back within DECISION_UNDO. Raises HasBannedPictures where a page is a
    banned picture, and ReplacesAnother where it would replace another volume's or title's chapter,
    and nobody said "nevertheless".
    """
    with acting(moderator, permission=MODERATE):
        approved = Upload.objects.filter(
            pk=upload.pk, state=UploadState.AWAITING_REVIEW, page_count__gt=0
        ).update(
            state=UploadState.PUBLISHING, decided_at=timezone.now(), decided_by=moderator,
            attempts=0, variants_done=False, hide_after=None, lease_token=None, lease_until=None,
        )  # fmt: skip
        if not approved:
            raise _already_decided(upload)
        banned = find_banned_pictures(list(Page.objects.filter(upload=upload)))
        if banned and not despite_banned_pictures:
            raise HasBannedPictures(
                _("Banned pictures are in it: page %(pages)s. Confirm that it may be shown.")
                % {"pages": _in_words(banned)}
            )
        if not despite_replacing and replaced_work(upload) is not None:
            raise ReplacesAnother(
                _("It would replace another volume or title. Confirm that it may.")
            )
        log_decision(
            upload, action="approve", actor=moderator,
            from_state=UploadState.AWAITING_REVIEW, to_state=UploadState.PUBLISHING,
            reason=f"despite banned pictures: {_in_words(banned)}" if banned else "",
        )  # fmt: skip
        publish_upload.enqueue(upload.pk)


def reject_upload(upload: Upload, *, moderator: User, reason: str, ban: BannedNumbers = ()) -> None:
    """Refuse the upload with a reason that its uploader reads; its files go after DECISION_UNDO.

    Until then `undo_decision` takes it back. One that was approved but waits for its title to be
    public may still be refused. `ban` names the pages whose pictures must not come again; None
    means all.
    """
    reason = require_reason(reason)
    now = timezone.now()
    with acting(moderator, permission=MODERATE):
        row = Upload.objects.filter(pk=upload.pk)
        columns = {
            "state": UploadState.REJECTED, "reason": reason, "decided_at": now,
            "decided_by": moderator, "purge_after": now + settings.DECISION_UNDO,
            "lease_token": None, "lease_until": None,
        }  # fmt: skip
        if row.filter(state=UploadState.AWAITING_REVIEW).update(**columns):
            from_state = UploadState.AWAITING_REVIEW
        elif row.filter(held_back()).update(**columns):
            from_state = UploadState.PUBLISHING
        else:
            raise _already_decided(upload)
        log_decision(
            upload, action="reject", actor=moderator, reason=reason,
            from_state=from_state, to_state=UploadState.REJECTED,
        )  # fmt: skip
        _ban_too(upload, ban, moderator=moderator, reason=reason)


def take_down_upload(
    upload: Upload, *, moderator: User, reason: str, ban: BannedNumbers = ()
) -> None:
    """Take a live upload down at once; it can be restored for `TAKEN_DOWN_KEEP`."""
    _remove_live_upload(
        upload, moderator=moderator, reason=reason, ban=ban,
        action="take_down", to_state=UploadState.TAKEN_DOWN,
    )  # fmt: skip


def delete_upload(upload: Upload, *, moderator: User, reason: str, ban: BannedNumbers = ()) -> None:
    """Delete a live upload: the same as take_down_upload, with another state and log entry."""
    _remove_live_upload(
        upload, moderator=moderator, reason=reason, ban=ban,
        action="delete", to_state=UploadState.DELETED,
    )  # fmt: skip


def restore_upload(upload: Upload, *, moderator: User) -> None:
    """Undo a take-down or deletion while its files are kept.

    An upload that was public is published again, one that was stopped on its way goes on from
    there, and one that had been replaced stays superseded.

    Raises AlreadySubmitted where its uploader has sent the same zip again meanwhile, and
    HasBannedPictures where its pictures were banned with it and still are.
    """
    try:
        _put_back(upload, moderator=moderator)
    except IntegrityError as error:
        raise AlreadySubmitted(
            _("The same zip is under way for this chapter. Decide about that one.")
        ) from error


def _put_back(upload: Upload, *, moderator: User) -> None:
    now = timezone.now()
    with acting(moderator, permission=MODERATE):
        removed = Upload.objects.filter(pk=upload.pk, state__in=REMOVED, purge_after__gt=now)
        held = removed.select_for_update().first()
        if held is None:
            raise _already_decided(upload)
        to_state = state_after_restore(held.removed_from)
        if to_state == UploadState.PUBLISHING:
            _refuse_banned_pictures(upload)
        removed.update(**columns_of_restored(to_state, moderator=moderator))
        log_decision(
            upload, action="restore", actor=moderator, from_state=held.state, to_state=to_state
        )
        if to_state == UploadState.PUBLISHING:
            publish_upload.enqueue(upload.pk)
        elif to_state == UploadState.RECEIVED:
            extract_upload.enqueue(upload.pk)
        elif to_state == UploadState.AWAITING_REVIEW:
            count_banned_pages(Upload.objects.filter(pk=upload.pk))
        else:
            purge_upload.enqueue(upload.pk)


def columns_of_restored(to_state: UploadState, *, moderator: User) -> dict[str, Any]:
    """Return the columns that undoing a removal writes."""
    now, is_decided = timezone.now(), to_state not in UNDECIDED
    return {
        "state": to_state,
        "removed_from": "",
        "reason": "",
        "purge_after": now if to_state == UploadState.SUPERSEDED else None,
        "hide_after": None,
        "attempts": 0,
        "variants_done": False,
        "decided_at": now if is_decided else None,
        "decided_by": moderator if is_decided else None,
        "lease_token": None,
        "lease_until": None,
        "handed_over_at": None,
    }


def delete_pages(upload: Upload, *, numbers: Collection[int], moderator: User) -> int:
    """Delete pages of an upload that waits for review, number the rest anew; return how many."""
    with acting(moderator, permission=MODERATE):
        held = Upload.objects.select_for_update().filter(
            pk=upload.pk, state=UploadState.AWAITING_REVIEW
        )
        if not held.exists():
            raise _already_decided(upload)
        doomed = Page.objects.filter(upload=upload, number__in=numbers)
        count = doomed.count()
        # Of one whose approval was undone, they may be public files still.
        files = {pk for pair in doomed.values_list("file", "saver") for pk in pair if pk}
        kept = list(Page.objects.filter(upload=upload).exclude(pk__in=doomed).order_by("number"))
        if not kept:
            raise Invalid(_("An upload keeps at least one page. Reject it instead."))
        doomed.delete()
        release_media(files)
        _number_anew(upload, kept)
        held.update(page_count=len(kept))
        count_banned_pages(Upload.objects.filter(pk=upload.pk))
        log_decision(
            upload, action="delete_pages", actor=moderator,
            reason=", ".join(str(number) for number in sorted(numbers)),
        )  # fmt: skip
    return count


def _remove_live_upload(
    upload: Upload,
    *,
    moderator: User,
    reason: str,
    ban: BannedNumbers,
    action: str,
    to_state: UploadState,
) -> None:
    reason = require_reason(reason)
    now = timezone.now()
    with acting(moderator, permission=MODERATE):
        # Locked before the upload, as publishing does: the other order would be a deadlock.
        Chapter.objects.select_for_update().get(pk=upload.chapter_id)
        removed = Upload.objects.filter(pk=upload.pk, state=UploadState.LIVE).update(
            state=to_state, removed_from=UploadState.LIVE, reason=reason,
            decided_at=now, decided_by=moderator, purge_after=now + settings.TAKEN_DOWN_KEEP,
            hide_after=now, lease_token=None, lease_until=None,
        )  # fmt: skip
        if not removed:
            raise _already_decided(upload)
        Chapter.objects.filter(live_upload=upload).update(live_upload=None)
        _ban_too(upload, ban, moderator=moderator, reason=reason)
        refresh_counters(upload.chapter.series_id)
        emit("chapter_hidden", title_id=upload.chapter.series_id, chapter_id=upload.chapter_id)
        log_decision(
            upload, action=action, actor=moderator, reason=reason,
            from_state=UploadState.LIVE, to_state=to_state,
        )  # fmt: skip
        _end_older_versions(upload, now)
        hide_upload.enqueue(upload.pk)


def _end_older_versions(upload: Upload, now: datetime) -> None:
    # They are kept for open readers only, and may hold the very pictures that have to be removed.
    older = Upload.objects.filter(
        chapter=upload.chapter_id, state=UploadState.SUPERSEDED, purge_after__gt=now
    )
    pks = list(older.values_list("pk", flat=True))
    older.update(purge_after=now)
    for pk in pks:
        purge_upload.enqueue(pk)


def _refuse_banned_pictures(upload: Upload) -> None:
    banned = find_banned_pictures(list(Page.objects.filter(upload=upload)))
    if banned:
        raise HasBannedPictures(
            _("Banned pictures are in it: page %(pages)s. Unban them first.")
            % {"pages": _in_words(banned)}
        )


def _in_words(numbers: Iterable[int]) -> str:
    return ", ".join(str(number) for number in sorted(numbers))


def _ban_too(upload: Upload, ban: BannedNumbers, *, moderator: User, reason: str) -> None:
    """Ban pages in the same transaction, as they are deleted after it."""
    if ban is None or ban:
        put_on_list(upload, numbers=ban, moderator=moderator, reason=reason)


def _number_anew(upload: Upload, pages: list[Page]) -> None:
    # A cover keeps its 0. Numbers only get smaller, but a bulk UPDATE on SQLite checks uniqueness
    # row by row: so all are moved out of the way first.
    first = min(1, pages[0].number)
    Page.objects.filter(upload=upload).update(number=F("number") + _ASIDE)
    for number, page in enumerate(pages, start=first):
        page.number = number
    Page.objects.bulk_update(pages, ["number"], batch_size=200)


def _already_decided(upload: Upload) -> AlreadyDecided:
    upload.refresh_from_db()
    return AlreadyDecided(
        _("Somebody else was first: this upload is “%(state)s” now.")
        % {"state": upload.get_state_display()}
    )
