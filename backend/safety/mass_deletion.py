"""All uploads of a user are deleted in one action, which can be undone for 30 days.

The rows change in one transaction (`reader.publication.mass_removal`): after its commit none of
them is public. The files follow in the background, upload by upload. Each deletion is a job, see
`common.work.jobs`.
"""

import structlog
from django.conf import settings
from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.audit import log_decision, require_reason
from accounts.auth.authority import acting
from accounts.models import User
from accounts.roles.bans import refuse_unless_above
from catalog.choices import Moderation
from common.http.errors import AlreadyDecided
from common.models import Job, JobItem
from common.work.jobs import begin_undo, finish_undo, job_kind, record_job
from common.work.leases import nobody_holds
from reader.models import Upload, UploadQuerySet
from reader.publication.mass_removal import remove_uploads_of, restore_uploads
from reader.publication.publishing import hide_upload, publish_upload
from reader.states import REMOVED, UploadState
from safety.models import MASS_DELETION as KIND
from safety.models import MassDeletion

log = structlog.get_logger(__name__)

PERMISSION = "safety.delete_all_uploads"
_RUNG_AT_ONCE = 50
_ATTEMPTS = 3


def delete_all_uploads(user: User, *, moderator: User, reason: str) -> MassDeletion:
    """Delete all uploads of `user` that are public or on their way, at once.

    Raises AlreadyDecided where there are none.
    """
    reason = require_reason(reason)
    now = timezone.now()
    # This locks the user's row before the uploads, as a worker does that counts a strike for one:
    # the other order would be a deadlock.
    with acting(moderator, on=user):
        refuse_unless_above(moderator, user, permission=PERMISSION)
        removed = remove_uploads_of(user, moderator=moderator, reason=reason, moment=now)
        if not removed:
            raise AlreadyDecided(_("There is nothing of this person to delete."))
        job = record_job(
            MASS_DELETION, owner=moderator, about=user, reason=reason, created_at=now,
            items=((pk, {"state": state}) for pk, state in removed),
            undo_for=settings.TAKEN_DOWN_KEEP,
        )  # fmt: skip
        log_decision(
            user, action="delete_all_uploads", actor=moderator, reason=reason,
            to_state=_count_words(len(removed)),
        )  # fmt: skip
    log.warning("mass_deletion", user_id=user.pk, uploads=len(removed))
    return MassDeletion.objects.get(pk=job.pk)


def undo_mass_deletion(deletion: MassDeletion, *, moderator: User) -> None:
    """Restore exactly the uploads that it removed, except those whose place is taken by now."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            _undo(deletion, moderator=moderator)
        except IntegrityError:  # the same zip was submitted at this moment; the next try sees it
            if attempt == _ATTEMPTS:
                raise
        else:
            break
    deletion.refresh_from_db()


def _undo(deletion: MassDeletion, *, moderator: User) -> None:
    with acting(moderator, on=deletion.about, permission=PERMISSION):
        if deletion.about is not None:
            refuse_unless_above(moderator, deletion.about, permission=PERMISSION)
        begin_undo(deletion, user=moderator)
        # Uploads that a moderator has restored since, even if removed again, are left as they are.
        own = _uploads_of(deletion).filter(decided_at=deletion.created_at)
        restored = restore_uploads(own, moderator=moderator)
        finish_undo(deletion, restored)
        if deletion.about is not None:
            log_decision(
                deletion.about, action="undo_mass_deletion", actor=moderator,
                to_state=_count_words(len(restored)),
            )  # fmt: skip


def _undo_job(job: Job, moderator: User) -> None:
    undo_mass_deletion(MassDeletion.objects.get(pk=job.pk), moderator=moderator)


def _count_words(count: int) -> str:
    return f"{count} uploads"


def _uploads_of(job: Job) -> UploadQuerySet:
    return Upload.objects.filter(pk__in=JobItem.objects.filter(job=job).values("subject_id"))


def _wake_for_files(job: Job) -> bool:
    """Wake workers that move the files of its uploads, out of `media` or back; True: there is more.

    It wakes some at a time, and the job is queued behind them, so that another take-down does not
    wait for all of them.
    """
    # Uploads that a worker holds at this moment are due by themselves.
    ours = _uploads_of(job).filter(nobody_holds())
    leaving = ours.filter(state__in=REMOVED, hide_after__isnull=False)
    coming = ours.filter(
        state=UploadState.PUBLISHING, chapter__series__moderation=Moderation.APPROVED
    )
    woken = 0
    for uploads, task in ((leaving, hide_upload), (coming, publish_upload)):
        for upload in list(uploads.order_by("pk").values_list("pk", flat=True)[:_RUNG_AT_ONCE]):
            task.enqueue(upload)
            woken += 1
    return woken > 0


MASS_DELETION = job_kind(
    name=KIND, label=gettext_lazy("Deletion of all uploads"), undo=_undo_job,
    follow_up=_wake_for_files, is_record=True,
)  # fmt: skip
