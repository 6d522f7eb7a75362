"""Lets a moderator undo a decision within ten seconds, before its consequences are final.

An approval or rejection counts at once; only the private files are kept for `DECISION_UNDO`, as
`Upload.purge_after` says. Undoing works before that time and purging from it on, both with the row
locked: so exactly one of them happens, whichever process dies.
"""

from django.conf import settings
from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import log_decision
from accounts.auth.authority import acting
from accounts.models import AuditEntry, User
from common.http.errors import AlreadyDecided
from common.work.events import emit
from reader.intake.banned_pictures import count_banned_pages, unban_pictures_of_rejection
from reader.intake.uploads import AlreadySubmitted
from reader.models import Chapter, Upload
from reader.permissions import MODERATE
from reader.publication.moderation import columns_of_restored
from reader.publication.publishing import hide_upload, publish_upload, show_replaced_upload
from reader.reading.chapters import refresh_counters
from reader.states import UploadState

# Pairs of an action in the log and a state of the upload in which it can be undone.
_UNDOABLE = {
    ("approve", UploadState.PUBLISHING),
    ("approve", UploadState.LIVE),
    ("reject", UploadState.REJECTED),
}


def undo_decision(upload: Upload, *, moderator: User) -> None:
    """Undo the moderator's own approval or rejection; the upload waits for review again.

    What was published is private again, and readers see what it had replaced. Pictures that were
    banned with a rejection are unbanned. An upload that was rejected after its approval, while it
    waited for its title, is approved again. Raises AlreadyDecided if it is too late or another
    decision was made since, and AlreadySubmitted if the same zip was submitted again meanwhile.
    """
    try:
        _take_back(upload, moderator=moderator)
    except IntegrityError as error:
        raise AlreadySubmitted(
            _("The same zip is under way for this chapter. Decide about that one.")
        ) from error


def _take_back(upload: Upload, *, moderator: User) -> None:
    with acting(moderator, permission=MODERATE):
        # The chapter is locked before the upload, as in publishing: the other order could deadlock.
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
            if chapter.live_upload_id is None:
                emit("chapter_hidden", title_id=chapter.series_id, chapter_id=chapter.pk)
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
    # Only entries that change the state name states; entries about deleted pages do not.
    moves = AuditEntry.objects.filter(subject_type="upload", subject_id=upload.pk)
    return moves.exclude(to_state="").order_by("-created_at", "-pk").first()
