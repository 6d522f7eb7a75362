"""All uploads of a user are deleted in one action, which can be undone for 30 days.

The rows change in one transaction (`reader.publication.mass_removal`): after its commit none of
them is public. The files follow in the background, upload by upload.
"""

from collections.abc import Iterable

import structlog
from django.conf import settings
from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import log_decision, require_reason
from accounts.auth.authority import acting
from accounts.models import User
from accounts.roles.bans import refuse_unless_above
from catalog.choices import Moderation
from common.http.errors import AlreadyDecided
from common.work.background import background_task
from common.work.leases import claim, nobody_holds
from reader.models import Upload
from reader.publication.mass_removal import remove_uploads_of, restore_uploads
from reader.publication.publishing import hide_upload, publish_upload
from reader.states import REMOVED, UploadState
from safety.models import MassDeletion, MassDeletionItem

log = structlog.get_logger(__name__)

PERMISSION = "safety.delete_all_uploads"
_AT_ONCE = 500
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
        deletion = MassDeletion.objects.create(
            user=user, moderator=moderator, reason=reason, upload_count=len(removed),
            created_at=now, undo_until=now + settings.TAKEN_DOWN_KEEP,
        )  # fmt: skip
        MassDeletionItem.objects.bulk_create(
            (
                MassDeletionItem(deletion=deletion, upload_id=pk, from_state=state)
                for pk, state in removed
            ),
            batch_size=_AT_ONCE,
        )
        log_decision(
            user, action="delete_all_uploads", actor=moderator, reason=reason,
            to_state=_count_words(len(removed)),
        )  # fmt: skip
        settle_mass_deletion.enqueue(deletion.pk)
    log.warning("mass_deletion", user_id=user.pk, uploads=len(removed))
    return deletion


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
    now = timezone.now()
    with acting(moderator, on=deletion.user, permission=PERMISSION):
        if deletion.user is not None:
            refuse_unless_above(moderator, deletion.user, permission=PERMISSION)
        undone = MassDeletion.objects.filter(
            pk=deletion.pk, undone_at__isnull=True, undo_until__gt=now
        ).update(
            undone_at=now, undone_by=moderator, settled_at=None,
            lease_token=None, lease_until=None,
        )  # fmt: skip
        if not undone:
            raise AlreadyDecided(_("This has been undone already, or its time is over."))
        # Uploads that a moderator has restored since, even if removed again, are left as they are.
        own = Upload.objects.filter(
            mass_deletion_items__deletion=deletion, decided_at=deletion.created_at
        )
        restored = restore_uploads(own, moderator=moderator)
        items = MassDeletionItem.objects.filter(deletion=deletion)
        items.update(is_restored=False)
        ids = sorted(restored)
        for start in range(0, len(ids), _AT_ONCE):
            items.filter(upload__in=ids[start : start + _AT_ONCE]).update(is_restored=True)
        MassDeletion.objects.filter(pk=deletion.pk).update(restored_count=len(restored))
        if deletion.user is not None:
            log_decision(
                deletion.user, action="undo_mass_deletion", actor=moderator,
                to_state=_count_words(len(restored)),
            )  # fmt: skip
        settle_mass_deletion.enqueue(deletion.pk)


def _count_words(count: int) -> str:
    return f"{count} uploads"


def _deletions_to_settle() -> Iterable[int]:
    due = MassDeletion.objects.filter(nobody_holds(), settled_at__isnull=True)
    return due.order_by("created_at").values_list("pk", flat=True)[:5]


@background_task(due=_deletions_to_settle, queue="publishing", every_seconds=15)
def settle_mass_deletion(pk: int) -> None:
    """Wake workers that move the files of its uploads, out of `media` or back.

    It wakes some at a time and queues itself behind them, so that another take-down does not wait
    for all of them.
    """
    lease = claim(MassDeletion.objects.filter(settled_at__isnull=True), pk)
    if lease is None:
        return
    ours = Upload.objects.filter(nobody_holds(), mass_deletion_items__deletion=pk)
    leaving = ours.filter(state__in=REMOVED, hide_after__isnull=False)
    coming = ours.filter(
        state=UploadState.PUBLISHING, chapter__series__moderation=Moderation.APPROVED
    )
    woken = 0
    for uploads, task in ((leaving, hide_upload), (coming, publish_upload)):
        for upload in list(uploads.order_by("pk").values_list("pk", flat=True)[:_RUNG_AT_ONCE]):
            task.enqueue(upload)
            woken += 1
    if woken:
        lease.release()
        settle_mass_deletion.enqueue(pk)
        return
    # Uploads that a worker holds at this moment are due by themselves.
    lease.rows().update(settled_at=timezone.now(), lease_token=None, lease_until=None, attempts=0)
