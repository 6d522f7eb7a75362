"""A moderator takes a decision back, within the ten seconds in which nothing of it is final.

An approval or rejection counts at once; only the private files stay for `DECISION_UNDO`, as
`Upload.purge_after` says. Undoing works before that moment and purging from it on, both with the
row locked: so exactly one of them happens, whichever process dies.
"""

from django.conf import settings
from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import log_decision
from accounts.auth.authority import acting
from accounts.models import AuditEntry, User
from common.http.errors import AlreadyDecided
from reader.intake.banned_pictures import count_banned_pages, unban_pictures_of_rejection
from reader.intake.uploads import AlreadySubmitted
from reader.models import Chapter, Upload
from reader.permissions import MODERATE
from reader.publication.moderation import columns_of_restored
from reader.publication.publishing import hide_upload, publish_upload, show_replaced_upload
from reader.reading.chapters import refresh_counters
from reader.states import UploadState

# Of which action in the log the upload may be in which state for it to be undone.
_UNDOABLE = {
    ("approve", UploadState.PUBLISHING),
    ("approve", UploadState.LIVE),
    ("reject", UploadState.REJECTED),
}


def undo_decision(upload: Upload, *, moderator: User) -> None:
    """Take one's own approval or rejection back; the upload waits for review again.

    What was published is private again, and readers see what it had replaced. Pictures that were
    banned with a rejection are taken off the list. A rejection of what was approved and waited for
    its title leaves it approved. Raises AlreadyDecided where it is too late or somebody has
    decided otherwise, and AlreadySubmitted where the same zip was sent again meanwhile.
    """
    try:
        _take_back(upload, moderator=moderator)
    except IntegrityError as error:
        raise AlreadySubmitted(
            _("The same zip is under way for this chapter. Decide about that one.")
        ) from error


def _take_back(upload: Upload, *, moderator: User) -> None:
    with acting(moderator, permission=MODERATE):
        # Before the upload, as publishing locks them: the other order would be a deadlock.
        chapter = Chapter.objects.select_for_update().get(pk=upload.chapter_id)
        held = Upload.objects.select_for_update().get(pk=upload.pk)
        decision = _latest_decision(held)
        if (
            decision is None
            or decision.actor_id != moderator.pk
            or (decision.action, held.state) not in _UNDOABLE
            or _is_final(held)
        ):
            raise AlreadyDecided(_("This decision cannot be undone any more."))
        to_state = UploadState(decision.from_state)
        columns = columns_of_restored(to_state, moderator=moderator)
        if held.state == UploadState.LIVE:
            show_replaced_upload(chapter, held, approved_at=decision.created_at)
            columns["hide_after"] = timezone.now()
            hide_upload.enqueue(held.pk)
        Upload.objects.filter(pk=held.pk).update(**columns)
        if held.state == UploadState.LIVE:
            refresh_counters(chapter.series_id)
        if held.state == UploadState.REJECTED:
            unban_pictures_of_rejection(held, moderator=moderator)
            count_banned_pages(Upload.objects.filter(pk=held.pk))
        log_decision(
            upload, action=f"undo_{decision.action}", actor=moderator,
            from_state=held.state, to_state=to_state,
        )  # fmt: skip
        if to_state == UploadState.PUBLISHING:
            publish_upload.enqueue(held.pk)


def _is_final(upload: Upload) -> bool:
    now = timezone.now()
    is_kept = upload.state == UploadState.PUBLISHING or (
        upload.purge_after is not None and upload.purge_after > now
    )
    in_time = upload.decided_at is not None and upload.decided_at + settings.DECISION_UNDO > now
    return not (is_kept and in_time)


def _latest_decision(upload: Upload) -> AuditEntry | None:
    # Only what moves the state has states in the log: pages that were deleted meanwhile have none.
    moves = AuditEntry.objects.filter(subject_type="upload", subject_id=upload.pk)
    return moves.exclude(to_state="").order_by("-created_at", "-pk").first()
