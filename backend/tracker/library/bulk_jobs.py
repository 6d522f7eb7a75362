"""A bulk change of a library is a job that its request has done: it can be undone for 30 days."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.auth.authority import acting
from accounts.models import User
from common.models import Job, JobItem
from common.work.jobs import job_kind, record_job
from tracker.library.bulk import DONE, FAILED, BulkRefused, Outcome, Wish, change_rows
from tracker.library.bulk_undo import undo_rows
from tracker.models import LibraryItem

UNDO_FOR = timedelta(days=30)
_SHOWN = 100


def _undo_chunk(job: Job, items: Sequence[JobItem]) -> None:
    user = User.objects.select_for_update(no_key=True).filter(pk=job.owner_id or 0).first()
    befores: dict[int, dict[str, Any]] = {
        item.subject_id: item.before or {} for item in items if item.subject_id is not None
    }
    outcomes = [] if user is None else undo_rows(user, befores, at=job.created_at)
    codes = {outcome.item_id: outcome.code for outcome in outcomes}
    for item in items:
        item.code = codes.get(item.subject_id or 0, "not_found")


KIND = job_kind(
    name="library_bulk", label=gettext_lazy("Change of many titles in a library"),
    undo_chunk=_undo_chunk,
)  # fmt: skip


def change_many(
    user: User,
    items: QuerySet[LibraryItem],
    wish: Wish,
    *,
    ids: Sequence[int] | None = None,
    is_all_or_nothing: bool,
) -> tuple[Job, list[Outcome]]:
    """Change items of the user's, and return the job with what became of each.

    `ids`, where given, are all that were asked for, so that those that are missing can be told.
    Raises BulkRefused, TooMany and NotFound, and as `acting`.
    """
    with acting(user):
        found = set() if ids is None else set(items.values_list("pk", flat=True))
        missing = [pk for pk in dict.fromkeys(ids or ()) if pk not in found]
        now = timezone.now()
        outcomes = change_rows(user, items, wish, at=now, missing=missing)
        failed = [one for one in outcomes if one.outcome == FAILED]
        if failed and is_all_or_nothing:
            raise BulkRefused(
                _("All or nothing: nothing was changed, as something could not be."),
                extra={"results": results_of(failed)},
            )
        job = record_job(
            KIND,
            owner=user,
            items=[(one.item_id, one.before) for one in outcomes if one.outcome == DONE],
            others=[
                (one.item_id, one.outcome, one.code) for one in outcomes if one.outcome != DONE
            ],
            undo_for=UNDO_FOR,
            created_at=now,
        )
    return job, outcomes


def results_of(outcomes: Sequence[Outcome]) -> list[dict[str, object]]:
    """Return the first outcomes as the API shows them; the job lists all."""
    return [
        {"id": one.item_id, "outcome": one.outcome, "code": one.code} for one in outcomes[:_SHOWN]
    ]
